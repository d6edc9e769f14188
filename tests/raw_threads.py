"""Threads that the module `threading` did not start, and so does not know."""

import sys
import threading
from _thread import start_new_thread


def start_raw_thread(function):
    """Start one that calls a function. Coverage measures it, as it does the threads of `threading`."""

    def traced():
        sys.settrace(threading.gettrace())
        function()

    start_new_thread(traced, ())
