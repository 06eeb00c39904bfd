// The words of jobs, in both languages. They come with the pages that show some (`takeIn`).

const en = {
  'job.queued': 'waits',
  'job.running': 'at work',
  'job.done': 'done',
  'job.cancelled': 'cancelled',
  'job.failed': 'failed',
  'job.lost': 'lost',
  'job.cancel': 'Stop, keep the best so far',
  'job.stopping': 'stopping…',
  'job.delete': 'Delete',
  'job.delete_ask': 'Delete {name}?',
  'job.delete_body': 'Its results, its report and the files it was made from are gone.',
  'job.files': 'Files',
  'job.value': 'value',
  'job.bound': 'bound',
  'job.gap': 'gap',
  'job.after': 'after {t}',
  'job.no_bound': 'no bound yet',

  'stage.reading': 'reading',
  'stage.layout': 'looking for the best layout',
  'stage.frontier': 'what the next base buys',
  'stage.flight times': 'flight times',
  'stage.simulating': 'simulating',
  'stage.playing': 'playing',
  'stage.scoring': 'scoring',
  'stage.report': 'writing the report',
} as const

export type JobWords = Record<keyof typeof en, string>

const zh: JobWords = {
  'job.queued': '排队中',
  'job.running': '计算中',
  'job.done': '完成',
  'job.cancelled': '已取消',
  'job.failed': '失败',
  'job.lost': '已丢失',
  'job.cancel': '停止并保留已有结果',
  'job.stopping': '正在停止…',
  'job.delete': '删除',
  'job.delete_ask': '删除 {name}？',
  'job.delete_body': '其结果、报告以及所用文件都将删除。',
  'job.files': '文件',
  'job.value': '当前值',
  'job.bound': '界',
  'job.gap': '差距',
  'job.after': '用时 {t}',
  'job.no_bound': '尚无界',

  'stage.reading': '读取数据',
  'stage.layout': '寻找最优布局',
  'stage.frontier': '计算增建收益',
  'stage.flight times': '计算飞行时间',
  'stage.simulating': '仿真中',
  'stage.playing': '推演中',
  'stage.scoring': '评分',
  'stage.report': '生成报告',
}

export const words = { en, zh }
