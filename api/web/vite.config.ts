import { defineConfig } from 'vite'

export default defineConfig({
  build: {
    target: 'es2022',
    outDir: 'dist',
    assetsInlineLimit: 0, // a strict Content-Security-Policy knows files, not data: URLs
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 1200, // MapLibre
    rollupOptions: {
      output: {
        manualChunks: (id: string) => (/node_modules\/(maplibre-gl|pmtiles)\//.test(id) ? 'map' : undefined),
      },
    },
  },
  server: { proxy: { '/api': process.env['REACH180_URL'] ?? 'http://127.0.0.1:8180' } },
})
