/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * CPUs of several cells at the IOMMUs at once, each a thread; also built with
 * ThreadSanitizer. That only one is in the port at a time src/arch/host sees to.
 */
#include "test.h"

#include "threads.h"
#include "core/iommu.h"

#define ROUNDS 20000u

static u32 rounds_of[CELL_COUNT];

/* A cell that lives and dies as fast as it can, never looking after its own wish to be off for longer than it takes. */
static void *life(void *argument)
{
	u16 cell = (u16)(uintptr_t)argument;
	struct cpu *cpu = &host_cpus[machine_cell_cpus[machine_cells[cell].first_cpu]];
	u32 first = cell == CELL_LINUX ? STREAM_NIC : STREAM_EDU;
	double end = now() + PATIENCE;

	host_this = cpu;
	for (u32 n = 0; n < ROUNDS && now() < end; n++) {
		iommu_start(cpu);
		assert_true(__atomic_load_n(&host.iommu.effective[first], __ATOMIC_ACQUIRE));
		assert_int_equal(iommu_state(cell), IOMMU_ON);
		iommu_stop(cell);
		for (enum iommu_state is; (is = iommu_state(cell)) != IOMMU_OFF; sched_yield()) {
			assert_int_equal(is, IOMMU_BUSY);
			in_time();
		}
		assert_false(__atomic_load_n(&host.iommu.effective[first], __ATOMIC_ACQUIRE));
		rounds_of[cell]++;
	}
	return NULL;
}

static void *service(void *argument)
{
	(void)argument;
	host_this = &host_cpus[SERVICE];
	while (!stopped())
		iommu_serve();
	return NULL;
}

static void lives(void **state)
{
	(void)state;
	memset(rounds_of, 0, sizeof rounds_of);
	pthread_t server = spawn(service, 0), cells_[2] = { spawn(life, CELL_LINUX), spawn(life, CELL_HELLO) };

	for (u32 i = 0; i < 2; i++)
		pthread_join(cells_[i], NULL);
	__atomic_store_n(&stop_threads, 1, __ATOMIC_SEQ_CST);
	pthread_join(server, NULL);
	assert_true(rounds_of[CELL_LINUX] && rounds_of[CELL_HELLO]);
}

/*
 * The last wish is always carried out, though nobody looks after it: a cell that
 * has stopped for good does not come back to see.
 */
static u32 gate;

static void *last_wish(void *argument)
{
	u16 cell = (u16)(uintptr_t)argument;

	host_this = &host_cpus[machine_cell_cpus[machine_cells[cell].first_cpu]];
	__atomic_fetch_add(&gate, 1, __ATOMIC_SEQ_CST);
	while (__atomic_load_n(&gate, __ATOMIC_SEQ_CST) % 2)
		;
	iommu_stop(cell);
	return NULL;
}

static void nobody_looks_after_it(void **state)
{
	double end = now() + PATIENCE;

	(void)state;
	for (u32 n = 0; n < ROUNDS && now() < end; n++) {
		host_this = &host_cpus[0];
		iommu_start(&host_cpus[0]);
		iommu_start(&host_cpus[3]);
		gate = 0;
		pthread_t threads[2] = { spawn(last_wish, CELL_LINUX), spawn(last_wish, CELL_HELLO) };

		for (u32 i = 0; i < 2; i++)
			pthread_join(threads[i], NULL);
		assert_int_equal(iommu_state(CELL_LINUX), IOMMU_OFF);
		assert_int_equal(iommu_state(CELL_HELLO), IOMMU_OFF);
		for (u32 i = 0; i < STREAM_COUNT; i++)
			assert_false(host.iommu.effective[i]);
	}
}

/* Two vCPUs of one cell: one starts it, the other stops it meanwhile. */
static void *stopper(void *argument)
{
	(void)argument;
	host_this = &host_cpus[1];
	__atomic_fetch_add(&gate, 1, __ATOMIC_SEQ_CST);
	while (__atomic_load_n(&gate, __ATOMIC_SEQ_CST) % 2)
		;
	cell_stop(host_this, STOP_FAULT, "x");
	return NULL;
}

/* Out of the park loop. */
static void escape(struct cpu *cpu)
{
	if (cpu->arch.quiesces)
		host_leave(HOST_ESCAPE);
	sched_yield();
}

static void one_life(void)
{
	struct cpu *cpu = &host_cpus[0];
	enum host_end end;

	host.on_wait = escape;
	begin_life(cpu);
	gate = 0;
	pthread_t other = spawn(stopper, 0);

	__atomic_fetch_add(&gate, 1, __ATOMIC_SEQ_CST);
	while (__atomic_load_n(&gate, __ATOMIC_SEQ_CST) % 2)
		;
	HOST_CATCH(end, cell_loaded(cpu));
	(void)end;
	pthread_join(other, NULL);
}

static void stop_against_start(void **state)
{
	double end = now() + PATIENCE;

	for (u32 n = 0; n < 1000 && now() < end; n++) {
		setup(state);
		one_life();
		assert_int_equal(cells[CELL_LINUX].state, CELL_FAILING);
		assert_int_equal(iommu_state(CELL_LINUX), IOMMU_OFF);
		assert_false(host.iommu.effective[STREAM_NIC]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(lives, setup),
		cmocka_unit_test_setup(nobody_looks_after_it, setup),
		cmocka_unit_test_setup(stop_against_start, setup),
	};
	return cmocka_run_group_tests_name("race_iommu", tests, NULL, NULL);
}
