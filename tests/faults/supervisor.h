/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Runs a function in a child and stops it at each system call that has to do with files
 * (seccomp_unotify(2)): the N-th one can be failed, cut short, or be the last thing it ever tries.
 */

#include <stdbool.h>
#include <stddef.h>

enum fault_kind {
        FAULT_NONE,
        FAULT_KILL,  /* SIGKILL before the call */
        FAULT_ERROR, /* the call is not made and fails */
        FAULT_LATE,  /* a renaming is made and fails all the same */
        FAULT_SHORT, /* half of a write is made */
};

struct fault {
        enum fault_kind kind;
        unsigned at; /* the how manieth call, from 1 */
        int error;
        bool no_exchange; /* renameat2(2) knows no flags, as on FUSE, at all times */
        bool no_rename;   /* nothing can be renamed at all */
        bool waits;       /* calls before supervise_from_here() are none of those counted */
        /* Called before each call, the child standing still; may be NULL. */
        void (*before_call)(void *userdata);
        void *userdata;
};

struct outcome {
        unsigned n_calls; /* that were seen */
        int nr;           /* of the call the fault was at; -1: the run was over before */
        bool was_killed;
        int status; /* exit status otherwise */
};

/* Returns 0, or -errno: -ENOSYS where the kernel or our rights do not allow it. */
int supervise(int (*fn)(void *userdata), void *userdata, const struct fault *fault,
              struct outcome *ret);

/* In the function that is supervised. */
void supervise_from_here(void);

const char *call_name(int nr);

/* The I-th way in which a call of that number can fail; false if there are no more. */
bool call_fault(int nr, size_t i, struct fault *ret);
