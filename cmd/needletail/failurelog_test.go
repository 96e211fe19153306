// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"errors"
	"io"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"needletail/cmd/needletail/config"
	"needletail/objstore"
	"needletail/proxy/httpfront"
	"needletail/proxy/metrics"
	"needletail/proxy/web"
)

// TestFailuresAreLoggedOnce: which requests are failures, and what their line
// says.
func TestFailuresAreLoggedOnce(t *testing.T) {
	full := &objstore.Error{Kind: objstore.KindNoSpace, Op: "put"}
	left := web.Status(499)
	for _, c := range []struct {
		name  string
		d     httpfront.Done
		lines int
	}{
		{"a cause of the front", httpfront.Done{Status: 500, Err: io.ErrShortWrite}, 1},
		{"a cause of a feature", httpfront.Done{Status: 507, Log: web.LogInfo{Cause: full}}, 1},
		{"no cause", httpfront.Done{Status: 503}, 1},
		{"a body that failed", httpfront.Done{Status: 200, Err: io.ErrShortWrite}, 1},
		{"a client that left", httpfront.Done{Status: 200, Err: left}, 0},
		{"a denial", httpfront.Done{Status: 403, Err: errors.New("no")}, 0},
		{"a client that left early", httpfront.Done{Status: 499, Err: left}, 0},
		{"a success", httpfront.Done{Status: 201}, 0},
	} {
		var out bytes.Buffer
		logger := slog.New(slog.NewTextHandler(&out, nil))
		c.d.Method, c.d.RawPath, c.d.TransID = "PUT", "/v1/AUTH_a/c/o", "tx1"
		(&front{logger: logger, counters: metrics.New(), failures: newFailureLog(logger)}).observe(config.Log{})(c.d)
		if got := strings.Count(out.String(), "level=ERROR"); got != c.lines {
			t.Errorf("%s: %d lines\n%s", c.name, got, out.String())
		}
		for _, part := range []string{"path=/v1/AUTH_a/c/o", "method=PUT", "trans_id=tx1"} {
			if c.lines > 0 && !strings.Contains(out.String(), part) {
				t.Errorf("%s: no %s in %s", c.name, part, out.String())
			}
		}
	}
}

// TestFloodsAreSummedUp: of many failures of one kind some are told in full and
// the others as a number, and those of another kind are told beside them.
func TestFloodsAreSummedUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out lockedBuffer // the window ends in a goroutine of its own
		l := newFailureLog(slog.New(slog.NewTextHandler(&out, nil)))
		fail := func(status, n int) {
			for range n {
				l.add(httpfront.Done{Status: status}, "swift", io.ErrShortWrite)
			}
		}
		want := func(when string, lines, sums int) {
			t.Helper()
			synctest.Wait()
			text := out.String()
			if strings.Count(text, "request failed") != lines || strings.Count(text, "more requests failed") != sums {
				t.Errorf("%s: want %d lines and %d sums:\n%s", when, lines, sums, text)
			}
			out.Reset()
		}
		fail(507, repeatsInFull)
		want("at the bound", repeatsInFull, 0)
		fail(507, 1)
		want("beyond it", 0, 0)
		fail(507, 89)
		fail(500, 1)
		want("another kind", 1, 0)
		time.Sleep(repeatWindow)
		synctest.Wait()
		if !strings.Contains(out.String(), "status=507 count=90") {
			t.Errorf("the sum: %s", out.String())
		}
		want("after the window", 0, 1)
		fail(507, 1)
		want("in a new window", 1, 0)
		time.Sleep(repeatWindow)
		want("after a window without a flood", 0, 0)
	})
}

// lockedBuffer is a log that is read while others write it.
type lockedBuffer struct {
	mu  sync.Mutex // protects buf
	buf bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

func (b *lockedBuffer) Reset() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.buf.Reset()
}
