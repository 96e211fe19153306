// SPDX-License-Identifier: Apache-2.0

package infocache

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// script is a memcached that gives an answer to each request line.
type script struct {
	listener net.Listener
	answer   func(line string) string

	mu    sync.Mutex
	lines []string
}

func startScript(t testing.TB, answer func(line string) string) *script {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	return serveScript(t, l, answer)
}

func serveScript(t testing.TB, l net.Listener, answer func(line string) string) *script {
	s := &script{listener: l, answer: answer}
	var group sync.WaitGroup
	group.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			group.Go(func() { s.serve(conn) })
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		group.Wait()
	})
	return s
}

// serve answers until the client leaves, or until an answer ends with "hang up".
func (s *script) serve(conn net.Conn) {
	defer conn.Close()
	r := bufio.NewReader(conn)
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return
		}
		line = strings.TrimSpace(line)
		var size int
		var verb string
		if n, _ := fmt.Sscan(line, &verb, new(string), new(int), new(int), &size); n == 5 && (verb == "set" || verb == "add") {
			body := make([]byte, size+2)
			if _, err := io.ReadFull(r, body); err != nil {
				return
			}
			line += " " + string(body[:size])
		}
		s.mu.Lock()
		s.lines = append(s.lines, line)
		s.mu.Unlock()
		answer := s.answer(line)
		answer, over := strings.CutSuffix(answer, "hang up")
		if _, err := io.WriteString(conn, answer); err != nil || over {
			return
		}
	}
}

func (s *script) address() string { return s.listener.Addr().String() }

func (s *script) requests() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.lines...)
}

// open makes a cache over servers, which is closed before the servers.
func open(t testing.TB, c Config) *Cache {
	t.Helper()
	c.Log = slog.New(slog.DiscardHandler)
	cache, err := New(c)
	require.NoError(t, err)
	t.Cleanup(func() { _ = cache.Close() })
	return cache
}

func hangUp(string) string { return "hang up" }
func stored(string) string { return "STORED\r\n" }

func TestWire(t *testing.T) {
	ctx := context.Background()
	s := startScript(t, func(line string) string {
		switch strings.Fields(line)[0] {
		case "set":
			return "STORED\r\n"
		case "delete":
			return "NOT_FOUND\r\n"
		case "incr":
			return "7\r\n"
		}
		return "VALUE " + keyOf("n") + " 2 2\r\n{}\r\nEND\r\n"
	})
	c := open(t, Config{Servers: []string{s.address()}})
	require.True(t, c.Shared())
	raw, ok := c.Get(ctx, "n")
	require.True(t, ok)
	require.Equal(t, "{}", string(raw))
	require.NoError(t, c.Set(ctx, "n", []byte(`[1.5, "g"]`), 90*time.Second))
	require.NoError(t, c.Set(ctx, "n", []byte(`1`), time.Millisecond))
	require.NoError(t, c.Delete(ctx, "n"))
	sum, err := c.Incr(ctx, "n", 3, time.Second)
	require.NoError(t, err)
	require.EqualValues(t, 7, sum)
	key := keyOf("n")
	require.Equal(t, []string{
		"gets " + key, "set " + key + ` 2 90 10 [1.5, "g"]`, "set " + key + " 2 1 1 1", "delete " + key, "incr " + key + " 3",
	}, s.requests())
}

func TestExpiration(t *testing.T) {
	now := time.Unix(1_700_000_000, 0)
	require.EqualValues(t, 6, expiration(now, 6*time.Second+999*time.Millisecond))
	require.EqualValues(t, 2_592_000, expiration(now, 30*24*time.Hour))
	require.EqualValues(t, 1_702_592_001, expiration(now, 30*24*time.Hour+time.Second))
	require.EqualValues(t, 2_592_000, expiration(time.Unix(math.MaxInt32, 0), 31*24*time.Hour), "the library's number ends")
}

// TestIncrAdds walks through the steps of an increment of a missing number,
// with a second process in between.
func TestIncrAdds(t *testing.T) {
	ctx := context.Background()
	var answers []string
	s := startScript(t, func(string) string {
		a := answers[0]
		answers = answers[1:]
		return a
	})
	c := open(t, Config{Servers: []string{s.address()}})
	answers = []string{"NOT_FOUND\r\n", "STORED\r\n"}
	sum, err := c.Incr(ctx, "n", 3, 9*time.Second)
	require.NoError(t, err)
	require.EqualValues(t, 3, sum)
	answers = []string{"NOT_FOUND\r\n", "NOT_STORED\r\n", "8\r\n"}
	sum, err = c.Incr(ctx, "n", 3, 9*time.Second)
	require.NoError(t, err)
	require.EqualValues(t, 8, sum)
	answers = []string{"NOT_FOUND\r\n", "NOT_STORED\r\n", "NOT_FOUND\r\n"}
	_, err = c.Incr(ctx, "n", 3, 9*time.Second)
	require.Error(t, err)
	key := keyOf("n")
	require.Equal(t, []string{"incr " + key + " 3", "add " + key + " 0 9 1 3"}, s.requests()[:2])
}

// TestNextServer lets the first servers of a key fail: the third answers, the
// fourth is not asked.
func TestNextServer(t *testing.T) {
	ctx := context.Background()
	var scripts []*script
	var names []string
	for range 4 {
		s := startScript(t, nil)
		scripts, names = append(scripts, s), append(names, s.address())
	}
	c := open(t, Config{Servers: names})
	order := c.backend.(*shared).ring.order(keyOf("n"), 4)
	scripts[order[0]].answer = hangUp
	scripts[order[1]].answer = func(string) string { return "ERROR\r\n" }
	scripts[order[2]].answer = stored
	scripts[order[3]].answer = stored
	require.NoError(t, c.Set(ctx, "n", []byte("1"), time.Minute))
	for i, want := range []int{1, 1, 1, 0} {
		require.Len(t, scripts[order[i]].requests(), want, "server %d", i)
	}
	scripts[order[2]].answer = hangUp
	require.ErrorIs(t, c.Set(ctx, "n", []byte("1"), time.Minute), ErrUnavailable)
	require.Empty(t, scripts[order[3]].requests())
	_, ok := c.Get(ctx, "n")
	require.False(t, ok, "an error is a miss")
}

// TestServerRests: with 10 errors a server is asked, with 11 the server rests
// for 60 s.
func TestServerRests(t *testing.T) {
	ctx := context.Background()
	s := startScript(t, hangUp)
	c := open(t, Config{Servers: []string{s.address()}})
	back := c.backend.(*shared)
	now := time.Unix(1_700_000_000, 0)
	back.now = func() time.Time { return now }
	ask := func() { _, _ = c.Get(ctx, "n") }
	for range DefaultErrorLimit + 1 {
		ask()
	}
	asked := len(s.requests())
	require.Equal(t, DefaultErrorLimit+1, asked)
	ask()
	require.Len(t, s.requests(), asked, "the server rests")
	now = now.Add(DefaultErrorInterval - 1)
	ask()
	require.Len(t, s.requests(), asked)
	now = now.Add(1)
	ask()
	require.Len(t, s.requests(), asked+1, "the rest is over")
}

func TestLimiterForgetsOldErrors(t *testing.T) {
	l := &limiter{limit: 2, interval: time.Minute}
	now := time.Unix(1_700_000_000, 0)
	for i := range 20 { // three errors never come within a minute
		require.False(t, l.failed(now), "error %d", i)
		require.False(t, l.resting(now))
		now = now.Add(30 * time.Second)
	}
	require.LessOrEqual(t, len(l.errors), 3)
	now = now.Add(time.Hour)
	require.False(t, l.failed(now))
	require.False(t, l.failed(now))
	require.True(t, l.failed(now.Add(time.Minute-1)))
	require.True(t, l.resting(now.Add(2*time.Minute-2)))
	require.False(t, l.resting(now.Add(2*time.Minute-1)))
}

// TestTooLargeIsNoFault: a value without room does not send the server to rest,
// and no further server gets the value.
func TestTooLargeIsNoFault(t *testing.T) {
	ctx := context.Background()
	s := startScript(t, func(string) string { return "SERVER_ERROR object too large for cache\r\n" })
	c := open(t, Config{Servers: []string{s.address()}})
	for range 2 * DefaultErrorLimit {
		require.ErrorContains(t, c.Set(ctx, "n", []byte("1"), time.Minute), "too large")
	}
	require.Len(t, s.requests(), 2*DefaultErrorLimit)
}

func TestAnswersAreBounded(t *testing.T) {
	ctx := context.Background()
	answer := ""
	s := startScript(t, func(string) string { return answer })
	c := open(t, Config{Servers: []string{s.address()}, ErrorInterval: -1})
	value := func(size int) string {
		return fmt.Sprintf("VALUE %s 2 %d\r\n", keyOf("n"), size) + strings.Repeat("1", size) + "\r\n"
	}
	answer = value(ValueBytesMax) + "END\r\n"
	raw, ok := c.Get(ctx, "n")
	require.True(t, ok)
	require.Len(t, raw, ValueBytesMax)
	answer = value(ValueBytesMax+1) + "END\r\n"
	_, ok = c.Get(ctx, "n")
	require.False(t, ok)
	for _, bad := range []string{
		fmt.Sprintf("VALUE %s 2 4294967295\r\n", keyOf("n")),
		value(1) + fmt.Sprintf("VALUE %s 2 4294967295\r\n", keyOf("n")), // a second value
		"VALUE x 2 99999999999999999999\r\n",
		strings.Repeat("x", lineBytesMax+1),
		strings.Repeat(value(1<<10), ValueBytesMax>>10+4), // values without end
	} {
		answer = bad
		_, ok = c.Get(ctx, "n")
		require.False(t, ok, "%.40q", bad)
	}
}

func TestGuardedConn(t *testing.T) {
	client, server := net.Pipe()
	defer client.Close()
	g := &guardedConn{Conn: client}
	_, err := g.Read(make([]byte, 1))
	require.ErrorIs(t, err, errAnswerTooLong, "an answer without a request")
	go func() {
		defer server.Close()
		_, _ = server.Read(make([]byte, 9))
		for i := range len("VALUE k 2 3\r\nVAL\r\nVALUE k 2 4194305\r\n") {
			_, _ = server.Write([]byte("VALUE k 2 3\r\nVAL\r\nVALUE k 2 4194305\r\n"[i : i+1]))
		}
	}()
	_, err = g.Write([]byte("get k\r\n"))
	require.NoError(t, err)
	got := 0
	for err == nil {
		var n int
		n, err = g.Read(make([]byte, 5))
		got += n
	}
	require.ErrorIs(t, err, errAnswerTooLong)
	require.Equal(t, len("VALUE k 2 3\r\nVAL\r\nVALUE k 2 4194305\r"), got, "the line ends in an error")
}

// TestConnectionsAreBounded: two requests hold both connections; a third waits
// for the pool's time alone.
func TestConnectionsAreBounded(t *testing.T) {
	ctx := context.Background()
	entered, leave := make(chan struct{}, 9), make(chan struct{})
	s := startScript(t, func(string) string {
		entered <- struct{}{}
		<-leave
		return "END\r\n"
	})
	c := open(t, Config{Servers: []string{s.address()}, MaxConns: 2, PoolTimeout: time.Millisecond})
	var group sync.WaitGroup
	for range 2 {
		group.Go(func() { _, _ = c.Get(ctx, "n") })
		<-entered
	}
	require.ErrorIs(t, c.Set(ctx, "n", []byte("1"), time.Minute), ErrUnavailable)
	close(leave)
	group.Wait()
	require.Len(t, s.requests(), 2)
}

func TestContextEnds(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	s := startScript(t, stored)
	c := open(t, Config{Servers: []string{s.address()}})
	require.ErrorIs(t, c.Set(ctx, "n", []byte("1"), time.Minute), context.Canceled)
	require.Empty(t, s.requests())
}

func TestAddresses(t *testing.T) {
	for server, want := range map[string]string{
		"a": "a:11211", "a:1": "a:1", "[::1]": "[::1]:11211", "[::1]:2": "[::1]:2", "10.0.0.1": "10.0.0.1:11211",
	} {
		got, err := addressOf(server)
		require.NoError(t, err, server)
		require.EqualValues(t, want, got)
	}
	for _, bad := range []string{"", ":1", "a:", "::1", "[::1", "a:1:2", "[]"} {
		_, err := addressOf(bad)
		require.Error(t, err, bad)
	}
	_, err := New(Config{Servers: []string{"a:1:2"}})
	require.Error(t, err)
}

// writePEM writes a certificate for 127.0.0.1 with its key.
func writePEM(t *testing.T) (path string, pair tls.Certificate) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	form := x509.Certificate{
		SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		IsCA: true, BasicConstraintsValid: true,
	}
	cert, err := x509.CreateCertificate(rand.Reader, &form, &form, &key.PublicKey, key)
	require.NoError(t, err)
	private, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(t, err)
	text := append(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert}),
		pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})...)
	path = filepath.Join(t.TempDir(), "both.pem")
	require.NoError(t, os.WriteFile(path, text, 0o600))
	pair, err = tls.X509KeyPair(text, text)
	require.NoError(t, err)
	return path, pair
}

func TestTLS(t *testing.T) {
	path, pair := writePEM(t)
	l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{pair}})
	require.NoError(t, err)
	s := serveScript(t, l, stored)
	file := filepath.Join(t.TempDir(), "memcache.conf")
	text := "[memcache]\nmemcache_servers = " + s.address() + "\ntls_enabled = yes\ntls_cafile = " + path + "\ntls_certfile = " + path + "\n"
	require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
	conf, err := ReadConf(file, SectionMemcache)
	require.NoError(t, err)
	require.Len(t, conf.TLS.Certificates, 1)
	require.NoError(t, open(t, conf).Set(context.Background(), "n", []byte("1"), time.Minute))
	conf.TLS = &tls.Config{MinVersion: tls.VersionTLS12}
	require.Error(t, open(t, conf).Set(context.Background(), "n", []byte("1"), time.Minute), "an unknown authority")
	require.Len(t, s.requests(), 1)
	text += "tls_keyfile = " + path + ".absent\n"
	require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
	_, err = ReadConf(file, SectionMemcache)
	require.ErrorIs(t, err, os.ErrNotExist)
}

func TestReadConf(t *testing.T) {
	file := filepath.Join(t.TempDir(), "memcache.conf")
	read := func(text, section string) (Config, error) {
		t.Helper()
		require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
		return ReadConf(file, section)
	}
	c, err := read(`# a comment
[DEFAULT]
tries = 7
pool_timeout = 2
[other]
no equals sign
[memcache]
; another
Memcache_Servers = 10.0.0.1:11211, 10.0.0.2:11211,
   [::1]:11211
memcache_max_connections: 4
connect_timeout = 0.5
io_timeout = 1.5
tries = 2
error_suppression_limit = 20
error_suppression_interval = 30.0

[else]
tries = 9
`, SectionMemcache)
	require.NoError(t, err)
	require.Equal(t, Config{
		Servers:        []string{"10.0.0.1:11211", "10.0.0.2:11211", "[::1]:11211"},
		ConnectTimeout: 500 * time.Millisecond, IOTimeout: 1500 * time.Millisecond, PoolTimeout: 2 * time.Second,
		Tries: 2, MaxConns: 4, ErrorLimit: 20, ErrorInterval: 30 * time.Second,
	}, c)
	c, err = read("[filter:cache]\nmax_connections = 3\n", SectionFilter)
	require.NoError(t, err)
	require.Equal(t, Config{Servers: []string{"127.0.0.1:11211"}, MaxConns: 3}, c, "Swift's own default")
	_, err = read("[else]\n", SectionMemcache)
	require.ErrorIs(t, err, ErrNoSection)
	_, err = ReadConf(file+".absent", SectionMemcache)
	require.ErrorIs(t, err, os.ErrNotExist)
	for _, bad := range []string{"x", "tries = two", "tries = -1", "io_timeout = nan", "io_timeout = 1000001"} {
		_, err = read("[memcache]\n"+bad+"\n", SectionMemcache)
		require.Error(t, err, bad)
	}
	_, err = read("[memcache]\ntries = 1000000\n"+strings.Repeat("#", confBytesMax-28)+"\n", SectionMemcache)
	require.NoError(t, err)
	_, err = read("[memcache]\n"+strings.Repeat("#", confBytesMax)+"\n", SectionMemcache)
	require.ErrorContains(t, err, "more than")
}

// FuzzParseConf wants no panic, and options without blanks at their ends.
func FuzzParseConf(f *testing.F) {
	f.Add([]byte("[memcache]\na = b\n c\n"))
	f.Add([]byte("[memcache]\n=\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		options, err := parseConf(text, SectionMemcache)
		if err != nil {
			return
		}
		for name := range options {
			if strings.TrimSpace(name) != name {
				t.Fatalf("option %q", name)
			}
		}
		_, _ = configOf(options)
	})
}

// FuzzAnswer gives the getter and the client library any bytes as an answer.
func FuzzAnswer(f *testing.F) {
	f.Add([]byte("VALUE x 2 2\r\n{}\r\nEND\r\n"))
	f.Add([]byte("VALUE x 2 4294967295\r\n"))
	f.Add([]byte("SERVER_ERROR x\r\n"))
	f.Add([]byte("VALUE k1 2 1 7\r\n1\r\nVALUE k3 0 0\r\n\r\nEND\r\n"))
	f.Fuzz(func(t *testing.T, answer []byte) {
		keys, next := []string{"k1", "x", "k3"}, 0
		_ = readValues(bufio.NewReader(bytes.NewReader(answer)), keys, func(i int, v value) {
			if i < next || i >= len(keys) || len(v.bytes) > min(ValueBytesMax, len(answer)) {
				t.Fatalf("value %d after %d, of %d bytes", i, next, len(v.bytes))
			}
			next = i + 1
		})
		g := &guardedConn{Conn: &fixedAnswer{rest: answer}}
		_, _ = g.Write(nil)
		total := 0
		for {
			n, err := g.Read(make([]byte, 7))
			total += n
			if err != nil {
				break
			}
		}
		if total > answerBytesMax {
			t.Fatalf("%d bytes passed", total)
		}
	})
}

type fixedAnswer struct {
	net.Conn
	rest []byte
}

func (c *fixedAnswer) Write(p []byte) (int, error) { return len(p), nil }

func (c *fixedAnswer) Read(p []byte) (int, error) {
	if len(c.rest) == 0 {
		return 0, errors.New("end")
	}
	n := copy(p, c.rest)
	c.rest = c.rest[n:]
	return n, nil
}
