/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Answers to requests on LINE_MANAGE and LINE_METRICS (line_format.h): what manage.c, manage_life.c and metrics.c share. All on
 * the service CPU, out of its pump.
 */
#ifndef CLOISON_CORE_MANAGE_H
#define CLOISON_CORE_MANAGE_H

#include "core/cell.h"
#include "core/line.h"

/* ---- arguments and payload: manage.c ---- */

u32 manage_argument(const struct line_job *job, u32 n); /* the nth u16; there is one */
bool manage_is_cell(const struct line_job *job, u32 arguments); /* there are so many u16, and the first is a cell, */
bool manage_is_vcpu(const struct line_job *job, u32 arguments); /* and the second a vCPU of it */
void manage_put(struct line_job *job, const void *from, u32 size); /* there is room */
/* A name in two halves with a 0, if it and so many bytes more have room in this message. */
bool manage_put_name(struct line_job *job, const char *first, const char *second, u32 more);

/* ---- what the line may do, and what is kept: manage_life.c ---- */

enum line_status manage_operate(struct line_job *job);
enum line_status manage_board(struct line_job *job);
/* AREA_CRASH, AREA_AUDIT. NULL: there is none. */
const u8 *manage_area(u32 area, u32 *size);
/* Bytes of an area from `at` on that are of one message; at most so many. */
u32 manage_piece(u32 area, u32 at, u32 most);
/* The vCPU's kept registers; NULL: there are none. life: which is over. */
const struct vcpu_registers *manage_registers(u16 cell, u16 vcpu, u32 *life);

#endif
