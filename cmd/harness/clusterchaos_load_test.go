// SPDX-License-Identifier: Apache-2.0

//go:build cluster

package harness

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	chaosWriters       = 5
	chaosReaders       = 3
	chaosKeysPerWriter = 12
	// chaosPause is between two requests of a client: the servers share the machine.
	chaosPause = 20 * time.Millisecond
	// chaosMaxSizeBits bounds an object: 4 MiB.
	chaosMaxSizeBits = 22
	// chaosDistinctBytes make the bodies of two versions different. Shorter bodies
	// may be equal: the metadata tell the version.
	chaosDistinctBytes = 16
	// chaosSlow is a request that is told of.
	chaosSlow = 5 * time.Second
	// maxChaosNotes bounds the printed failures of each kind, and maxChaosNoteBytes
	// the length of each.
	maxChaosNotes     = 10
	maxChaosNoteBytes = 300
)

// chaosContainers are named after their policies.
var chaosContainers = []string{"gold", "ec42"}

// chaosKey is an object, and all that its writer did to it. Only the writer changes
// the object, one request after the other.
type chaosKey struct {
	killKey
	// maybes are what requests without a good answer may have made of the object
	// since the last good answer: servers that failed may keep a write.
	maybes []killState

	mu   sync.Mutex
	sums map[string]killState // of each MD5 that was ever sent: version and size
}

func (k *chaosKey) allows(s killState) bool {
	for _, m := range k.maybes {
		if s == m {
			return true
		}
	}
	return s == k.sure
}

// chaosOp is a request and its outcome.
type chaosOp struct {
	began  time.Time
	took   time.Duration
	failed bool
}

// chaosLoad is the clients of a proxy and all that they know.
type chaosLoad struct {
	seed   uint64
	client *killClient
	note   func(format string, arguments ...any)
	keys   [chaosWriters][]*chaosKey

	mu    sync.Mutex // protects the following
	ops   []chaosOp
	wrong int // answers with wrong bytes
	stale int // good answers that are older than the last good answer of a write
	notes map[string]int
}

func newChaosLoad(seed uint64, client *killClient, note func(string, ...any)) *chaosLoad {
	l := &chaosLoad{seed: seed, client: client, note: note, notes: map[string]int{}}
	for w := range chaosWriters {
		for i := range chaosKeysPerWriter {
			l.keys[w] = append(l.keys[w], &chaosKey{
				killKey: killKey{container: chaosContainers[i%len(chaosContainers)], object: fmt.Sprintf("w%d/k%d", w, i)},
				sums:    map[string]killState{},
			})
		}
	}
	return l
}

// tell prints the first failures of a kind.
func (l *chaosLoad) tell(kind, format string, arguments ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.notes[kind]++; l.notes[kind] <= maxChaosNotes {
		text := fmt.Sprintf(format, arguments...)
		l.note("%s: %s", kind, text[:min(len(text), maxChaosNoteBytes)])
	}
}

// run has all clients work until the end of ctx. Requests that run then come to
// their end.
func (l *chaosLoad) run(ctx context.Context) {
	var all sync.WaitGroup
	client := func(number int, step func(rng *rand.Rand)) {
		all.Go(func() {
			rng := rand.New(rand.NewPCG(l.seed, uint64(number)))
			for ctx.Err() == nil {
				step(rng)
				select {
				case <-ctx.Done():
				case <-time.After(chaosPause):
				}
			}
		})
	}
	for w := range chaosWriters {
		client(w, func(rng *rand.Rand) { l.write(rng, l.keys[w][rng.IntN(chaosKeysPerWriter)]) })
	}
	for r := range chaosReaders {
		client(chaosWriters+r, func(rng *rand.Rand) {
			l.read(rng, l.keys[rng.IntN(chaosWriters)][rng.IntN(chaosKeysPerWriter)])
		})
	}
	all.Wait()
}

// do sends a request and keeps its time. A 5xx and an answer that is not whole are
// failures.
func (l *chaosLoad) do(k *chaosKey, method string, h http.Header, body io.Reader) (killAnswer, bool) {
	began := time.Now()
	a, err := l.client.do(context.Background(), method, k.path(), h, body)
	op := chaosOp{began: began, took: time.Since(began), failed: err != nil || a.status >= 500 || a.status == http.StatusRequestTimeout}
	l.mu.Lock()
	l.ops = append(l.ops, op)
	l.mu.Unlock()
	if op.took > chaosSlow {
		l.tell("slow", "%s %s %s after %v: status %d", method, k.path(), h.Get("Range"), op.took.Round(time.Millisecond), a.status)
	}
	if op.failed {
		l.tell("failure", "%s %s after %v: status %d, %v, %s", method, k.path(), op.took.Round(time.Millisecond), a.status, err, a.body)
	}
	return a, !op.failed
}

// write changes a key, or checks what its writer knows.
func (l *chaosLoad) write(rng *rand.Rand, k *chaosKey) {
	switch n := rng.IntN(20); {
	case n < 4:
		l.check(k)
	case n < 7 && k.sure.version > 0:
		a, ok := l.do(k, "DELETE", nil, nil)
		l.written(k, killState{}, ok && a.status == http.StatusNoContent)
	case n < 9 && k.sure.version > 0 && len(k.maybes) == 0:
		next := k.sure
		next.posted++
		a, ok := l.do(k, "POST", killHeader(next), nil)
		l.written(k, next, ok && a.status == http.StatusAccepted)
	default:
		l.put(rng, k)
	}
}

func (l *chaosLoad) put(rng *rand.Rand, k *chaosKey) {
	k.versions++
	next := killState{version: k.versions, sizeBytes: rng.Int64N(1 << rng.IntN(chaosMaxSizeBits+1))}
	data := killBody(l.seed, &k.killKey, next)
	h := killHeader(next)
	k.mu.Lock()
	k.sums[md5Hex(data)] = next
	k.mu.Unlock()
	if rng.IntN(3) == 0 {
		h.Set("Etag", md5Hex(data))
	}
	var body io.Reader = bytes.NewReader(data)
	if rng.IntN(3) == 0 {
		body = struct{ io.Reader }{body} // hides the length from net/http
	}
	a, ok := l.do(k, "PUT", h, body)
	l.written(k, next, ok && a.status == http.StatusCreated)
}

// written notes the outcome of a write. A good answer makes all earlier writes void:
// their timestamps are older.
func (l *chaosLoad) written(k *chaosKey, next killState, acknowledged bool) {
	if acknowledged {
		k.sure, k.maybes = next, nil
	} else {
		k.maybes = append(k.maybes, next)
	}
}

// check reads a key that no request is changing. While servers fail an older state
// may come back, and Swift promises no more.
func (l *chaosLoad) check(k *chaosKey) {
	a, ok := l.do(k, "GET", nil, nil)
	if !ok {
		return
	}
	if got, ok := l.judge(k, "GET", &a, ""); ok && !k.allows(got) {
		l.mu.Lock()
		l.stale++
		l.mu.Unlock()
	}
}

// read reads a key, or a part, while its writer may change the key.
func (l *chaosLoad) read(rng *rand.Rand, k *chaosKey) {
	method, h := "GET", http.Header{}
	switch rng.IntN(5) {
	case 0:
		method = "HEAD"
	case 1, 2:
		first := rng.Int64N(1 << rng.IntN(chaosMaxSizeBits))
		h.Set("Range", fmt.Sprintf("bytes=%d-%d", first, first+rng.Int64N(1<<rng.IntN(chaosMaxSizeBits))))
	}
	a, ok := l.do(k, method, h, nil)
	if ok {
		l.judge(k, method, &a, h.Get("Range"))
	}
}

// judge checks a whole answer to a read: the bytes are those of a version that was
// sent. ok is false for an answer that tells no state.
func (l *chaosLoad) judge(k *chaosKey, method string, a *killAnswer, asked string) (got killState, ok bool) {
	switch {
	case a.status == http.StatusNotFound:
		return killState{}, true
	case a.status == http.StatusRequestedRangeNotSatisfiable && asked != "":
		return killState{}, false
	case a.status != http.StatusOK && a.status != http.StatusPartialContent:
		l.fault("%s %s: status %d: %s", method, k.path(), a.status, a.body)
		return killState{}, false
	}
	k.mu.Lock()
	got, known := k.sums[strings.Trim(a.header.Get("Etag"), `"`)]
	k.mu.Unlock()
	if !known {
		l.fault("%s %s: ETag %s is of no body that was sent", method, k.path(), a.header.Get("Etag"))
		return killState{}, false
	}
	if method == "GET" {
		want := killBody(l.seed, &k.killKey, got)
		if a.status == http.StatusPartialContent {
			want = cutBody(want, a.header.Get("Content-Range"))
		}
		if !bytes.Equal(a.body, want) {
			l.fault("%s %s %s: %d bytes are not those of %v, %s", method, k.path(), asked, len(a.body), got, a.header.Get("Content-Range"))
			return killState{}, false
		}
	}
	posted, err := strconv.Atoi(a.header.Get(killPostedHeader))
	if version, verr := strconv.Atoi(a.header.Get(killVersionHeader)); err == nil && verr == nil {
		got.posted = posted
		if got.sizeBytes < chaosDistinctBytes {
			got.version = version
		}
	}
	return got, true
}

func (l *chaosLoad) fault(format string, arguments ...any) {
	l.mu.Lock()
	l.wrong++
	l.mu.Unlock()
	l.tell("wrong bytes", format, arguments...)
}

// cutBody are the bytes of a Content-Range, or nil if the range is not of the body.
func cutBody(body []byte, contentRange string) []byte {
	var first, last, whole int
	if _, err := fmt.Sscanf(contentRange, "bytes %d-%d/%d", &first, &last, &whole); err != nil ||
		whole != len(body) || first < 0 || last < first || last >= whole {
		return nil
	}
	return body[first : last+1]
}
