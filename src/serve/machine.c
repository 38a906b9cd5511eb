/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/machine.h"

#include "base/mem.h"

#include <pthread.h>

struct tayra__machine {
	struct tayra_sensor told; /* what limits are given: read_shared() of this */
	struct tayra_sensor asked;
	bool own; /* `asked` was made here */
	/* Of the last reading. */
	pthread_mutex_t lock;
	bool any;
	uint64_t at_ns;
	int status;
	struct tayra_pressure pressure;
};

/* The threads of origins and the loop each looked at the clock a moment ago, so `now_ns` may be
 * before that of the last reading. */
static int
read_shared(void *ctx, uint64_t now_ns, struct tayra_pressure *out)
{
	struct tayra__machine *machine = ctx;
	int status;

	pthread_mutex_lock(&machine->lock);
	if (!machine->any || now_ns >= machine->at_ns + TAYRA__MACHINE_AGE_NS) {
		machine->pressure = *out; /* nothing known */
		machine->status = machine->asked.read(machine->asked.ctx, now_ns,
						      &machine->pressure);
		machine->at_ns = now_ns;
		machine->any = true;
	}
	*out = machine->pressure;
	status = machine->status;
	pthread_mutex_unlock(&machine->lock);
	return status;
}

int
tayra__machine_share(struct tayra_sensor sensor, struct tayra__machine **out)
{
	struct tayra__machine *machine = tayra__mem_alloc(sizeof(*machine));

	*out = NULL;
	if (!machine)
		return TAYRA_E_NOMEM;
	if (pthread_mutex_init(&machine->lock, NULL)) {
		tayra__mem_free(machine);
		return TAYRA_E_NOMEM;
	}
	machine->told = (struct tayra_sensor){ read_shared, machine };
	machine->asked = sensor;
	*out = machine;
	return TAYRA_OK;
}

int
tayra__machine_open(const struct tayra_sensor_options *options, struct tayra__machine **out)
{
	struct tayra_sensor sensor;
	int status = tayra_sensor_create(options, &sensor);

	*out = NULL;
	if (status != TAYRA_OK)
		return status;
	status = tayra__machine_share(sensor, out);
	if (status == TAYRA_OK)
		(*out)->own = true;
	else
		tayra_sensor_destroy(&sensor);
	return status;
}

void
tayra__machine_close(struct tayra__machine *machine)
{
	if (!machine)
		return;
	if (machine->own)
		tayra_sensor_destroy(&machine->asked);
	pthread_mutex_destroy(&machine->lock);
	tayra__mem_free(machine);
}

const struct tayra_sensor *
tayra__machine_sensor(const struct tayra__machine *machine)
{
	return machine ? &machine->told : NULL;
}
