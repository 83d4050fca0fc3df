// Counts what a process allocates, leaving out what oneDNN allocates within its calls. Built as a shared
// object by scripts/check-allocations and loaded before the C library (LD_PRELOAD); at the end it appends the
// count to the file that ALLOCATIONS_COUNT names. With ALLOCATIONS_SHOW=n it also prints the stack of every
// allocation after the first n.
#define _GNU_SOURCE
#include <errno.h>
#include <execinfo.h>
#include <link.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FRAMES = 48, RANGES = 8 };

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);
void *__libc_memalign(size_t alignment, size_t size);

static atomic_size_t counted;
static size_t shown = SIZE_MAX;
static int ready;
static __thread int inside;
static struct { uintptr_t begin, end; } library[RANGES];
static int ranges;

static int find(struct dl_phdr_info *info, size_t size, void *unused) {
    (void)size, (void)unused;
    if (!info->dlpi_name || !strstr(info->dlpi_name, "libdnnl")) return 0;
    for (int i = 0; i < info->dlpi_phnum && ranges < RANGES; i++) {
        if (info->dlpi_phdr[i].p_type != PT_LOAD) continue;
        library[ranges].begin = info->dlpi_addr + info->dlpi_phdr[i].p_vaddr;
        library[ranges].end = library[ranges].begin + info->dlpi_phdr[i].p_memsz;
        ranges++;
    }
    return 0;
}

__attribute__((constructor)) static void begin(void) {
    void *first[2];
    inside = 1;
    backtrace(first, 2);  // Loads what it needs.
    dl_iterate_phdr(find, NULL);
    const char *show = getenv("ALLOCATIONS_SHOW");
    if (show) shown = strtoul(show, NULL, 10);
    inside = 0;
    ready = 1;
}

__attribute__((destructor)) static void end(void) {
    ready = 0;
    const char *path = getenv("ALLOCATIONS_COUNT");
    FILE *file = path ? fopen(path, "a") : NULL;
    if (!file) return;
    fprintf(file, "%zu\n", (size_t)atomic_load(&counted));
    fclose(file);
}

static void note(void) {
    if (!ready || inside) return;
    inside = 1;
    void *frames[FRAMES];
    const int depth = backtrace(frames, FRAMES);
    int isLibrary = 0;
    for (int i = 0; i < depth && !isLibrary; i++) {
        for (int j = 0; j < ranges; j++) {
            isLibrary |= library[j].begin <= (uintptr_t)frames[i] && (uintptr_t)frames[i] < library[j].end;
        }
    }
    if (!isLibrary && atomic_fetch_add(&counted, 1) >= shown) {
        backtrace_symbols_fd(frames + 2, depth > 12 ? 10 : depth - 2, 2);
        fputs("\n", stderr);
    }
    inside = 0;
}

void *malloc(size_t size) {
    note();
    return __libc_malloc(size);
}

void *calloc(size_t count, size_t size) {
    note();
    return __libc_calloc(count, size);
}

void *realloc(void *old, size_t size) {
    note();
    return __libc_realloc(old, size);
}

void *aligned_alloc(size_t alignment, size_t size) {
    note();
    return __libc_memalign(alignment, size);
}

int posix_memalign(void **result, size_t alignment, size_t size) {
    note();
    void *memory = __libc_memalign(alignment, size);
    if (!memory) return ENOMEM;
    *result = memory;
    return 0;
}
