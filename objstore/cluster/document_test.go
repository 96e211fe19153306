// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"needletail/objstore"
	"needletail/objstore/cluster/wire"
	"needletail/objstore/cluster/wire/wiretest"
)

func TestContentRange(t *testing.T) {
	for _, text := range []string{"", "bytes", "bytes 1-2", "bytes 2-1/9", "bytes 0-9/9", "bytes a-2/9", "bytes -1-2/9", "bytes 0-1/-9", "octets 0-1/9"} {
		_, _, _, err := contentRange(wire.Header{{Name: "Content-Range", Value: text}})
		require.Error(t, err, text)
	}
	first, length, whole, err := contentRange(wire.Header{{Name: "Content-Range", Value: "bytes 3-5/9"}})
	require.NoError(t, err)
	require.Equal(t, [3]int64{3, 3, 9}, [3]int64{first, length, whole})
}

// TestPartsThatBreak: an answer with several parts may break before, between and
// inside of the parts. Another node goes on, and the bytes are right.
func TestPartsThatBreak(t *testing.T) {
	const hint = "bytes=10-29,50000-50099,-5"
	spoils := map[string]func(a *wiretest.Answer){
		"another boundary": func(a *wiretest.Answer) { a.Header.Set("Content-Type", "multipart/byteranges;boundary=x") },
		"no boundary":      func(a *wiretest.Answer) { a.Header.Set("Content-Type", "multipart/byteranges") },
		"another size": func(a *wiretest.Answer) {
			a.Body = bytes.Replace(a.Body, []byte("99995-99999/100000"), []byte("99995-99999/100001"), 1)
		},
		"no size": func(a *wiretest.Answer) { a.Body = bytes.Replace(a.Body, []byte("/100000"), []byte("/*"), 1) },
	}
	for _, after := range []int{0, 60, 150, 170, 200, 260, 350, 450, 470} {
		spoils[fmt.Sprint("cut after ", after)] = func(a *wiretest.Answer) { a.Cut, a.CutAfter = true, after }
	}
	for name, spoil := range spoils {
		t.Run(name, func(t *testing.T) {
			e := newMix(t, Options{})
			body := seededBody(t, 100_000)
			e.putBody(body)
			var spoiled atomic.Bool
			for _, n := range e.f.nodes {
				n.mu.Lock()
				n.atEnd = func(r *wiretest.Request, a *wiretest.Answer) *wiretest.Answer {
					if r.Method == "GET" && spoiled.CompareAndSwap(false, true) {
						spoil(a)
					}
					return a
				}
				n.mu.Unlock()
			}
			ob := e.open(objstore.OpenOptions{Ranges: hint})
			require.EqualValues(t, len(body), ob.Info().SizeBytes)
			for _, span := range [][2]int64{{10, 20}, {50_000, 100}, {99_995, 5}} {
				got, err := io.ReadAll(ob.Range(span[0], span[1]))
				require.NoError(t, err)
				require.True(t, bytes.Equal(body[span[0]:span[0]+span[1]], got), span)
			}
			require.True(t, spoiled.Load())
		})
	}
}

// TestUselessAnswers: where no node's answer can be read, and where the others
// have no object, the object is unavailable and not missing.
func TestUselessAnswers(t *testing.T) {
	e := newMix(t, Options{})
	e.putBody(seededBody(t, 100))
	var useless atomic.Bool
	for _, n := range e.f.nodes {
		n.setScript(func(r *wiretest.Request) *wiretest.Answer {
			if r.Method != "GET" {
				return nil
			}
			if useless.CompareAndSwap(false, true) {
				return &wiretest.Answer{Status: 206, Header: wire.Header{{Name: "X-Timestamp", Value: "0000000001.00000"}}}
			}
			return &wiretest.Answer{Status: 404}
		})
	}
	_, err := e.s.OpenObject(context.Background(), e.id, objstore.OpenOptions{Ranges: "bytes=0-1,3-4"})
	wantKind(t, err, objstore.KindUnavailable)
}
