/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* For tests in which threads play CPUs: time limits, and starting and stopping them. */
#ifndef TESTS_UNIT_THREADS_H
#define TESTS_UNIT_THREADS_H

#include <pthread.h>
#include <sched.h>
#include <time.h>

#include "machine.h"
#include "host.h"

#define DEADLINE_SECONDS 120
#define PATIENCE 1.0 /* seconds for a test that tries its luck often; it does so in several ways, and in every run */

static u32 stop_threads;
static time_t deadline;

static inline void in_time(void)
{
	if (time(NULL) > deadline) {
		fprintf(stderr, "test_race: stalled\n");
		abort();
	}
}

static inline double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static inline int setup(void **state)
{
	machine_reset(state);
	__atomic_store_n(&stop_threads, 0, __ATOMIC_SEQ_CST);
	deadline = time(NULL) + DEADLINE_SECONDS;
	return 0;
}

static inline bool stopped(void)
{
	in_time();
	return __atomic_load_n(&stop_threads, __ATOMIC_ACQUIRE);
}

static inline pthread_t spawn(void *(*run)(void *), u64 argument)
{
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, run, (void *)(uintptr_t)argument), 0);
	return thread;
}

#endif
