// SPDX-License-Identifier: Apache-2.0

package infocache

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"needletail/objstore"
)

// having is a memcached with values by name.
func having(values map[string]string) func(line string) string {
	return func(line string) string {
		verb, keys, _ := strings.Cut(line, " ")
		if verb == "set" {
			return "STORED\r\n"
		}
		if verb == "delete" {
			return "DELETED\r\n"
		}
		var answer strings.Builder
		for key := range strings.FieldsSeq(keys) {
			for name, value := range values {
				if keyOf(name) == key {
					fmt.Fprintf(&answer, "VALUE %s 2 %d 1\r\n%s\r\n", key, len(value), value)
				}
			}
		}
		return answer.String() + "END\r\n"
	}
}

// A request asks memcached once for all that the request expects, also for what is
// not there, and sees its own changes.
func TestExpectedValuesComeAlong(t *testing.T) {
	account, id := objstore.AccountName("AUTH_a"), objstore.ContainerID{Account: "AUTH_a", Container: "c"}
	s := startScript(t, having(map[string]string{"token": "1", "container/AUTH_a/c": `{"status": 204, "read_acl": ".r:*"}`}))
	c := open(t, Config{Servers: []string{s.address()}})
	ctx := c.Expect(t.Context(), account, "c")
	raw, ok := c.Get(ctx, "token")
	require.True(t, ok)
	require.Equal(t, "1", string(raw))
	for range 2 {
		_, ok = c.Account(ctx, account)
		require.False(t, ok)
		got, ok := c.Container(ctx, id)
		require.True(t, ok)
		require.Equal(t, ".r:*", got.ReadACL)
	}
	want := []string{"gets " + keyOf("token") + " " + keyOf("account/AUTH_a") + " " + keyOf("container/AUTH_a/c")}
	require.Equal(t, want, s.requests())

	c.SetAccount(ctx, account, AccountInfo{Status: 204})
	c.ForgetContainer(ctx, id)
	_, _ = c.Account(ctx, account)
	_, _ = c.Container(ctx, id)
	requests := s.requests()
	require.Equal(t, []string{"gets " + keyOf("account/AUTH_a"), "gets " + keyOf("container/AUTH_a/c")}, requests[len(requests)-2:])

	before := len(requests)
	_, _ = c.Container(c.Expect(t.Context(), account, ""), id)
	require.Equal(t, []string{"gets " + keyOf("container/AUTH_a/c") + " " + keyOf("account/AUTH_a")}, s.requests()[before:])
	_, _ = c.Container(t.Context(), id)
	require.Equal(t, "gets "+keyOf("container/AUTH_a/c"), s.requests()[before+1])
}

// What another server has does not come along, and after a failure of the server
// each value is asked for alone.
func TestExpectedValuesOfSeveralServers(t *testing.T) {
	good := startScript(t, having(map[string]string{"container/AUTH_a/c": `{"status": 204}`}))
	other := startScript(t, having(nil))
	c := open(t, Config{Servers: []string{good.address(), other.address()}, Tries: 1})
	ring := c.backend.(*shared).ring
	home := func(name string) int { return ring.order(keyOf(name), 1)[0] }
	name := ""
	for i := 0; name == "" || home(name) == home("container/AUTH_a/c"); i++ {
		name = fmt.Sprint("name", i)
	}
	_, ok := c.Get(c.Expect(t.Context(), "AUTH_b", "c"), name)
	require.False(t, ok)
	for _, line := range append(good.requests(), other.requests()...) {
		for key := range strings.FieldsSeq(strings.TrimPrefix(line, "gets ")) {
			require.Contains(t, []string{keyOf(name), keyOf("account/AUTH_b"), keyOf("container/AUTH_b/c")}, key)
		}
	}

	bad := startScript(t, hangUp)
	values := map[string]string{}
	good = startScript(t, having(values))
	c = open(t, Config{Servers: []string{bad.address(), good.address()}, ErrorInterval: time.Hour})
	ring = c.backend.(*shared).ring
	id := objstore.ContainerID{Account: "AUTH_a", Container: "c"}
	for home(containerName(id)) != 0 {
		id.Container += "c"
	}
	values[containerName(id)] = `{"status": 204}`
	for range 2 * DefaultErrorLimit {
		_, ok = c.Container(c.Expect(t.Context(), id.Account, id.Container), id)
		require.True(t, ok)
	}
	for _, line := range good.requests() {
		require.Equal(t, "gets "+keyOf(containerName(id)), line)
	}
	require.NotEmpty(t, bad.requests())
}

// A cache in the process has no use for the context.
func TestExpectInTheProcess(t *testing.T) {
	c, _ := local1(t, Config{})
	ctx := context.Background()
	require.Equal(t, ctx, c.Expect(ctx, "AUTH_a", "c"))
}

// BenchmarkExpected is what a request pays for a token, an account and a container.
func BenchmarkExpected(b *testing.B) {
	id := objstore.ContainerID{Account: "AUTH_a", Container: "c"}
	s := startScript(b, having(map[string]string{"token": "1", "account/AUTH_a": `{"status": 204}`, "container/AUTH_a/c": `{"status": 204}`}))
	c := open(b, Config{Servers: []string{s.address()}})
	for _, expect := range []bool{true, false} {
		b.Run(fmt.Sprint("expect=", expect), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				ctx := b.Context()
				if expect {
					ctx = c.Expect(ctx, id.Account, id.Container)
				}
				_, _ = c.Get(ctx, "token")
				_, _ = c.Account(ctx, id.Account)
				_, _ = c.Container(ctx, id)
				_, _ = c.Container(ctx, id)
			}
		})
	}
}

// A connection that the server has closed meanwhile is replaced; a server that does
// not answer at all is asked once more alone.
func TestClosedConnectionIsReplaced(t *testing.T) {
	asked := 0
	s := startScript(t, func(string) string {
		if asked++; asked == 2 || asked > 3 {
			return "hang up"
		}
		return "END\r\n"
	})
	c := open(t, Config{Servers: []string{s.address()}, ErrorInterval: -1})
	for range 2 {
		_, err := c.backend.get(t.Context(), "n")
		require.ErrorIs(t, err, errMiss)
	}
	require.Len(t, s.requests(), 3)
	_, err := c.backend.get(t.Context(), "n")
	require.ErrorIs(t, err, ErrUnavailable)
	require.Len(t, s.requests(), 5)
}

// An answer with anything but the values of the keys, in their order, is refused.
func TestAnswersOfGets(t *testing.T) {
	answer := ""
	s := startScript(t, func(string) string { return answer })
	c := open(t, Config{Servers: []string{s.address()}, ErrorInterval: -1})
	one := "VALUE " + keyOf("account/AUTH_a") + " 2 1\r\n1\r\n"
	for text, good := range map[string]bool{
		"END\r\n": true, one + "END\r\n": true, one + one + "END\r\n": false, one: false, "END\r\nEND\r\n": false,
		"VALUE x 2 1\r\n1\r\nEND\r\n": false, "VALUE " + keyOf("n") + " 2 1\r\n12\r\nEND\r\n": false,
		one + "VALUE " + keyOf("n") + " 2 1\r\n1\r\nEND\r\n": false, "ERROR\r\n": false, "SERVER_ERROR out of memory\r\n": false,
		"VALUE " + keyOf("n") + " -1 1\r\n1\r\nEND\r\n": false, "VALUE " + keyOf("n") + " 2 -1\r\n1\r\nEND\r\n": false,
	} {
		if !good && !strings.HasSuffix(text, "END\r\n") {
			text += "hang up"
		}
		answer = text
		_, err := c.look(c.Expect(t.Context(), "AUTH_a", ""), "n")
		if good {
			require.ErrorIs(t, err, errMiss, "%q", text)
		} else {
			require.ErrorIs(t, err, ErrUnavailable, "%q", text)
		}
	}
}
