/* Memory that is handed out in pieces and taken back as a whole. */
#ifndef LEGACHE_ARENA_H
#define LEGACHE_ARENA_H

#include <stddef.h>
#include <stdlib.h>

enum { ALIGNMENT = 64, BLOCK_BYTES = 1 << 18 };

typedef struct block {
    struct block *next;
    size_t size, used;
} block;

typedef struct {
    block *first, *current;
    int failed; /* a piece could not be had; the run is given up */
} arena;

static void *block_bytes(block *b) {
    return (char *)b + (sizeof(block) + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

static block *new_block(size_t size) {
    block *made = NULL;
    size_t header = (sizeof(block) + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    if (posix_memalign((void **)&made, ALIGNMENT, header + size)) return NULL;
    made->next = NULL;
    made->size = size;
    made->used = 0;
    return made;
}

static void *take(arena *a, size_t bytes) {
    size_t wanted = (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    while (a->current && a->current->used + wanted > a->current->size) {
        if (!a->current->next) break;
        a->current = a->current->next;
        a->current->used = 0;
    }
    if (!a->current || a->current->used + wanted > a->current->size) {
        block *made = new_block(wanted > BLOCK_BYTES ? wanted : BLOCK_BYTES);
        if (!made) {
            a->failed = 1;
            return NULL;
        }
        if (a->current) a->current->next = made;
        else a->first = made;
        a->current = made;
    }
    void *piece = (char *)block_bytes(a->current) + a->current->used;
    a->current->used += wanted;
    return piece;
}

/* Make all of it free again; what one large patient needed is given back. */
static void reset(arena *a) {
    if (a->first) {
        block *rest = a->first->next;
        if (a->first->size > BLOCK_BYTES) {
            rest = a->first;
            a->first = NULL;
        } else {
            a->first->next = NULL;
            a->first->used = 0;
        }
        while (rest) {
            block *next = rest->next;
            free(rest);
            rest = next;
        }
    }
    a->current = a->first;
    a->failed = 0;
}

static void release(arena *a) {
    reset(a);
    free(a->first);
    a->first = a->current = NULL;
}

#define TAKE(arena, type, n) ((type *)take(arena, sizeof(type) * (size_t)((n) > 0 ? (n) : 1)))

#endif
