"""Threads that the module `threading` did not start, and so does not know."""

import sys
import threading
from _thread import start_new_thread


def start_raw_thread(function, args=()):
    """Start one that calls a function, and return its ident. Coverage measures it, as it does the threads of `threading`."""

    def traced():
        sys.settrace(threading.gettrace())
        function(*args)

    return start_new_thread(traced, ())
