//go:build cgo

package meta

/*
#include <malloc.h>

// Pebble takes memtables and cached blocks from malloc, which in glibc makes an
// arena for each thread, up to eight a processor. Blocks come and go at random, in
// whichever arena the thread had, and each arena keeps its holes: after a fill to
// 10,000,000 objects 134 MB of blocks lay in 338 MB of arenas. In one arena 176 to
// 189 MB lie in 179 to 195 MB, and requests take no longer: PUT 4 KiB by 16 clients
// reaches 1.04 of the rate with many, 64 KiB by 16 and 64 clients 1.02 and 0.96.
//
// It has to be said before main: by then Go's first threads have their arenas.
__attribute__((constructor)) static void limit_arenas(void) {
#ifdef M_ARENA_MAX
	mallopt(M_ARENA_MAX, 1);
#endif
}
*/
import "C"
