"""Each row of the page on virtual and real time is shown by a test, which is named here."""

import re
from pathlib import Path

TESTS = Path(__file__).parents[1]
PAGE = (TESTS.parent / "docs" / "virtual-and-real.md").read_text()

SHOWN_BY = {
    "`time.time`, `datetime.now`, `date.today`": "clock/test_clock.py test_the_process_and_the_fake_have_one_clock",
    "`time.monotonic`": "clock/test_sleeping.py test_monotonic_time_moves_with_the_clock",
    "`time.perf_counter`": "clock/test_other_loops.py test_perf_counter_moves_with_the_clock",
    "local time": "clock/test_local_time.py test_every_function_returns_the_local_time_of_the_zone",
    "`utcnow`": "clock/test_local_time.py test_functions_that_return_utc_ignore_the_zone",
    "a function that was kept": (
        "clock/test_references.py test_a_clock_that_was_taken_when_the_module_was_loaded_moves_with_the_sleeps"
    ),
    "a clock kept in a tuple": "clock/test_references.py test_a_handler_that_spins_by_a_real_clock_gets_its_name",
    "`datetime('now')`": "clock/test_clock.py test_what_c_and_the_system_tell_is_real",
    "the `TZ` of child processes": "clock/test_zone.py test_child_processes_have_the_zone_of_the_test",
    "durations of pytest": "clock/test_other_loops.py test_hypothesis_measures_real_time",
    "another process": "clock/test_follow.py test_the_cloud_the_test_and_another_process_agree",
    "`time.sleep`": "clock/test_references.py test_a_sleep_that_was_taken_when_the_module_was_loaded_moves_the_clock",
    "`Event.wait`": "clock/test_sleeping.py test_an_event_that_is_not_set_times_out_in_virtual_time",
    "the timeout of a `threading.Lock`": "clock/test_polled_waits.py test_the_timeout_of_a_lock",
    "an older lock, event or queue: made": "clock/test_older_objects.py test_the_timeout_of_an_older_lock",
    "an older lock, event or queue in a tuple": "clock/test_older_objects.py test_a_lock_that_is_not_found_is_waited_for_in_real_time",
    "the timeout of `select.select`": "clock/test_polled_waits.py test_the_timeout_of_a_selector",
    "a poll or an epoll": "clock/test_older_objects.py test_an_older_poller_waits_for_the_outside",
    "the timeout of a socket": "clock/test_polled_waits.py test_the_timeout_of_a_socket",
    "the timeouts of `multiprocessing`": "clock/test_polled_waits.py test_multiprocessing_times_out_in_virtual_time",
    "the busy timeout": "clock/test_polled_waits.py test_sqlite_waits_for_a_lock_while_its_holder_sleeps",
    "`ThreadPoolExecutor`": "clock/test_sleeping.py test_pools_of_threads_keep_virtual_time",
    "`sched`": "clock/test_sleeping.py test_the_standard_scheduler_keeps_virtual_time",
    "asyncio": "clock/test_loops.py test_timeouts_strike_in_virtual_time",
    "`ecs_events.advance` in": "clock/test_loops.py test_advance_blocks_the_loop_that_calls_it",
    "trio": "clock/test_trio.py test_run_stops_a_run_of_trio",
    "nest_asyncio": "clock/test_other_loops.py test_nest_asyncio_is_virtual",
    "uvloop": "clock/test_other_loops.py test_uvloop_is_refused",
    "a wait of zero seconds": "clock/test_brief_waits.py test_a_test_that_never_lets_time_pass_raises_with_its_line",
    "a loop that ends exactly": "clock/test_brief_waits.py test_a_loop_that_waits_until_exactly_its_deadline_ends_there",
    "a wait that nothing can end": "face/test_run_ends.py test_a_test_that_waits_for_nothing_gets_an_error",
    "a loop of calls": "face/test_strictness.py test_calls_without_end_outside_run_are_an_error",
    "a loop without a wait": ("clock/test_sleeping.py test_pytest_timeout_ends_a_loop_that_neither_waits_nor_calls"),
    "a long poll": "server/test_queues.py test_a_long_poll_waits_in_virtual_time",
    "a signal": "clock/test_signals.py test_a_daemon_ends_gracefully",
    "`signal.alarm`": "clock/test_alarms.py test_an_alarm_ends_a_sleep",
    "a job for an executor": "clock/test_older_threads.py test_jobs_of_an_older_pool_sleep_virtually_in_each_test",
    "an older thread that the test": "clock/test_older_threads.py test_an_older_worker_goes_on_after_the_test",
    "an older thread that wakes": "clock/test_older_threads.py test_a_thread_that_wakes_by_itself_keeps_real_time",
    "an older scheduler of APScheduler": "clock/test_older_threads.py test_an_older_scheduler_runs_what_the_test_gives_it",
    "a receiver that sleeps": "clock/test_sleeping.py test_a_receiver_may_sleep",
    'all waits under `sleep="real"`': "clock/test_sleeping.py test_sleep_real_waits",
    "a child process": "clock/test_real_work.py test_real_work_holds_time",
    "real work that takes longer": (
        "clock/test_real_work.py test_time_goes_on_when_real_work_takes_longer_than_patience"
    ),
    "a server in a thread": "clock/test_real_work.py test_a_server_that_waits_for_requests_holds_nothing",
    "`HTTPServer.shutdown()`": "clock/test_real_work.py test_shutting_down_a_server_takes_no_virtual_time",
    "the output of a child": "clock/test_children.py test_a_line_of_a_child_is_waited_for",
    "a thread that computes": "clock/test_sleeping.py test_a_thread_that_works_is_waited_for",
    "a thread that waits in unknown code": (
        "clock/test_sleeping.py test_a_thread_that_waits_for_something_real_does_not_stop_time"
    ),
    "`Popen.poll`": ("clock/test_children.py test_a_loop_of_looks_at_a_child_ends_when_it_has_ended"),
    "freezegun's": "clock/test_clock.py test_a_clock_frozen_by_the_user_is_followed",
    "time-machine's": "clock/test_travels.py test_a_block",
    "several clouds": "clock/test_several_clouds.py test_another_start_is_refused",
    "pytest-timeout": "channels/test_subscriptions.py test_a_timeout_of_pytest_is_no_failure_of_a_receivers",
    "Hypothesis": "clock/test_other_loops.py test_hypothesis_measures_real_time",
    "`TimedRotatingFileHandler`": "clock/test_other_loops.py test_a_log_file_rolls_over_at_virtual_midnight",
}


def test_each_row_has_its_test():
    """In the order of the page; the test is where it is said to be."""
    rows = [row for row in re.findall(r"^\| (.*?) \|", PAGE, re.MULTILINE) if not row.startswith("---")]
    heads = {"clock", "wait", "work", "library"}
    begun = [next((start for start in SHOWN_BY if row.startswith(start)), row) for row in rows if row not in heads]
    assert begun == list(SHOWN_BY)
    for place in SHOWN_BY.values():
        path, name = place.split()
        assert re.search(rf"def {name}\(", (TESTS / path).read_text()), place
