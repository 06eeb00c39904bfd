"""Long work asked for over HTTP: one child process and one folder a job, so that nothing waits for it.

``job`` holds the values, ``folder`` what a job is on disk, ``runner`` the queue, ``worker`` the child. A kind of job is
a name and a function ``work(errand)`` that the child imports; the engine does none of it. Nothing is imported
here: the child does not need what the queue needs.
"""
