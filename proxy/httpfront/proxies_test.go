// SPDX-License-Identifier: Apache-2.0

package httpfront

import (
	"bufio"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/pires/go-proxyproto"
	"github.com/stretchr/testify/require"

	"needletail/proxy/certificates/certtest"
	"needletail/proxy/web"
)

func proxies(t testing.TB, list ...string) Proxies {
	t.Helper()
	p, err := ParseProxies(list)
	require.NoError(t, err)
	return p
}

// whoHandler answers with the client and the scheme of the request.
var whoHandler = web.HandlerFunc(func(r *web.Request) (*web.Response, error) {
	return web.NewBytes(200, "text/plain", []byte(r.RemoteAddr+" "+r.Scheme)), nil
})

// proxyHeaders are PROXY headers of both versions for the client 192.0.2.7 or
// 2001:db8::7, and for no client.
func proxyHeaders(t testing.TB) map[string]string {
	t.Helper()
	v2 := func(source, destination string) string {
		h := proxyproto.HeaderProxyFromAddrs(2, &net.TCPAddr{IP: net.ParseIP(source), Port: 1000}, &net.TCPAddr{IP: net.ParseIP(destination), Port: 443})
		require.NoError(t, h.SetTLVs([]proxyproto.TLV{{Type: proxyproto.PP2_TYPE_NOOP, Value: make([]byte, 100)}}))
		b, err := h.Format()
		require.NoError(t, err)
		return string(b)
	}
	local, err := (&proxyproto.Header{Version: 2, Command: proxyproto.LOCAL, TransportProtocol: proxyproto.UNSPEC}).Format()
	require.NoError(t, err)
	return map[string]string{
		"PROXY TCP4 192.0.2.7 127.0.0.1 1000 443\r\n": "192.0.2.7",
		"PROXY TCP6 2001:db8::7 ::1 1000 443\r\n":     "2001:db8::7",
		"PROXY UNKNOWN\r\n":                           "127.0.0.1",
		v2("192.0.2.7", "127.0.0.1"):                  "192.0.2.7",
		v2("2001:db8::7", "::1"):                      "2001:db8::7",
		string(local):                                 "127.0.0.1",
	}
}

func TestProxyProtocol(t *testing.T) {
	trusted := proxies(t, "127.0.0.1")
	ln := listen(t)
	startOn(t, Options{Handler: whoHandler, TrustedProxies: trusted}, ProxyProtocol(ln, func() Proxies { return trusted }))
	for header, client := range proxyHeaders(t) {
		c := dial(t, ln.Addr().String())
		write(t, c, header+get+get)
		br := bufio.NewReader(c)
		for i := range 3 {
			if i == 2 {
				write(t, c, get) // behind the buffer of the header
			}
			res, err := http.ReadResponse(br, nil)
			require.NoError(t, err, "%q", header)
			body, err := io.ReadAll(res.Body)
			require.NoError(t, err)
			require.Equal(t, client+" http", string(body), "%q", header)
		}
	}
	for _, header := range []string{
		"", "PROXY TCP4 192.0.2.7\r\n", "PROXY TCP4 192.0.2.700 127.0.0.1 1 2\r\n", "PROXY " + strings.Repeat("x", 200) + "\r\n",
		"\r\n\r\n\x00\r\nQUIT\n\x21\x11\xff\xff" + strings.Repeat("x", 1<<16),
	} {
		require.Empty(t, talkAnyhow(t, ln.Addr().String(), header+get), "%.40q", header)
	}
}

func TestProxyProtocolBelowTLS(t *testing.T) {
	a := certtest.NewAuthority(t)
	trusted := proxies(t, "127.0.0.0/8")
	ln := listen(t)
	startOn(t, Options{Handler: whoHandler, TrustedProxies: trusted},
		tls.NewListener(ProxyProtocol(ln, func() Proxies { return trusted }), &tls.Config{Certificates: []tls.Certificate{a.Pair(t, "h.test")}}))
	for header, client := range proxyHeaders(t) {
		raw := dial(t, ln.Addr().String())
		write(t, raw, header)
		c := tls.Client(raw, &tls.Config{RootCAs: a.Pool(), ServerName: "h.test"})
		write(t, c, get)
		require.Equal(t, client+" https", readAnswer(t, bufio.NewReader(c), "GET").body, "%q", header)
	}
}

// An address that is not trusted has no say: its header is a malformed request.
func TestProxyProtocolOfStranger(t *testing.T) {
	trusted := proxies(t, "192.0.2.1")
	ln := listen(t)
	startOn(t, Options{Handler: whoHandler, TrustedProxies: trusted}, ProxyProtocol(ln, func() Proxies { return trusted }))
	for header := range proxyHeaders(t) {
		require.NotContains(t, talkAnyhow(t, ln.Addr().String(), header+get), "192.0.2.7", "%q", header)
	}
	require.Equal(t, "127.0.0.1 http", ask(t, ln.Addr().String(), get).body)
}

// Clients behind a proxy are counted one by one, and the proxy itself has no
// limit.
func TestConnectionsBehindProxyAreCounted(t *testing.T) {
	const limit = 2
	trusted := proxies(t, "127.0.0.1")
	ln := listen(t)
	s := startOn(t, Options{Handler: whoHandler, TrustedProxies: trusted, MaxConnectionsPerIP: limit}, ProxyProtocol(ln, func() Proxies { return trusted }))
	open := func(client string) int {
		c := dial(t, ln.Addr().String())
		write(t, c, "PROXY TCP4 "+client+" 127.0.0.1 1000 443\r\n"+get)
		return readAnswer(t, bufio.NewReader(c), "GET").StatusCode
	}
	for _, client := range []string{"192.0.2.1", "192.0.2.2"} {
		for range limit {
			require.Equal(t, 200, open(client))
		}
		require.Equal(t, 503, open(client))
	}
	require.Equal(t, 200, open("192.0.2.3"))
	s.mu.Lock()
	defer s.mu.Unlock()
	require.Equal(t, limit, s.perIP["192.0.2.1"])
	require.NotContains(t, s.perIP, "127.0.0.1")
}

func TestForwarded(t *testing.T) {
	_, addr := start(t, Options{Handler: whoHandler, TrustedProxies: proxies(t, "127.0.0.1", "10.0.0.0/8", "fd00::/8")})
	for lines, want := range map[string]string{
		"":                           "127.0.0.1 http",
		"X-Forwarded-For: 192.0.2.7": "192.0.2.7 http",
		"X-Forwarded-For: 192.0.2.7\r\nX-Forwarded-Proto: https":             "192.0.2.7 https",
		"X-Forwarded-For: 6.6.6.6, 192.0.2.7":                                "192.0.2.7 http", // the client's invention stands before
		"X-Forwarded-For: 6.6.6.6\r\nX-Forwarded-For: 192.0.2.7":             "192.0.2.7 http",
		"X-Forwarded-For: 6.6.6.6, 192.0.2.7, 10.1.2.3":                      "192.0.2.7 http",
		"X-Forwarded-For: 10.1.2.3, 10.1.2.4":                                "10.1.2.3 http", // a proxy's own request
		"X-Forwarded-For: 192.0.2.7, nobody":                                 "127.0.0.1 http",
		"X-Forwarded-For: 192.0.2.7, nobody, 10.1.2.4":                       "10.1.2.4 http",
		"X-Forwarded-For: [2001:db8::7]:99":                                  "2001:db8::7 http",
		"X-Forwarded-For: 192.0.2.7:99, [fd00::1]":                           "192.0.2.7 http",
		"X-Forwarded-Proto: HTTPS":                                           "127.0.0.1 https",
		"X-Forwarded-Proto: https, http":                                     "127.0.0.1 http",
		"X-Forwarded-Proto: gopher":                                          "127.0.0.1 http",
		`Forwarded: for=6.6.6.6, for="192.0.2.7:99";proto=https;by=10.0.0.1`: "192.0.2.7 https",
		`Forwarded: for="[2001:db8::7]"`:                                     "2001:db8::7 http",
		`Forwarded: for=_hidden`:                                             "127.0.0.1 http",
		"X-Forwarded-For: 192.0.2.7\r\nForwarded: for=6.6.6.6;proto=https":   "192.0.2.7 http",
	} {
		raw := strings.Replace(get, "Host: h\r\n", "Host: h\r\n"+strings.TrimLeft(lines+"\r\n", "\r\n"), 1)
		require.Equal(t, want, ask(t, addr, raw).body, "%q", lines)
	}
	_, addr = start(t, Options{Handler: whoHandler, TrustedProxies: proxies(t, "10.0.0.0/8")})
	raw := strings.Replace(get, "Host: h\r\n", "Host: h\r\nX-Forwarded-For: 192.0.2.7\r\nX-Forwarded-Proto: https\r\nForwarded: for=192.0.2.7\r\n", 1)
	require.Equal(t, "127.0.0.1 http", ask(t, addr, raw).body, "of a stranger")
}

func TestParseProxies(t *testing.T) {
	p := proxies(t, "10.1.2.3/8", "192.0.2.1", "2001:db8::/32", "::1")
	for ip, want := range map[string]bool{
		"10.255.0.1": true, "11.0.0.1": false, "192.0.2.1": true, "192.0.2.2": false, "2001:db8:1::": true, "2001:db9::": false, "::1": true, "": false, "x": false,
	} {
		require.Equal(t, want, p.Has(ip), ip)
	}
	for _, bad := range []string{"", "localhost", "10.0.0.0/33", "10.0.0.1:80"} {
		_, err := ParseProxies([]string{bad})
		require.ErrorContains(t, err, "neither an address nor a prefix", bad)
	}
}

// Whatever a proxy sends, nothing panics, and the client is an address.
func FuzzProxies(f *testing.F) {
	for header := range proxyHeaders(f) {
		f.Add([]byte(header), "")
	}
	for _, line := range []string{"for=6.6.6.6;proto=https, for=\"[::1]:80\"", "192.0.2.7, 10.0.0.1", "[", ";=,"} {
		f.Add([]byte(get), line)
	}
	trusted := proxies(f, "0.0.0.0/0", "::/0")
	f.Fuzz(func(t *testing.T, first []byte, line string) {
		raw := &memConn{}
		raw.in.Reset(first)
		p := &proxied{Conn: raw, buffered: bufio.NewReaderSize(raw, proxyHeaderBytes)}
		n, err := p.Read(make([]byte, 10))
		if err == nil && n == 0 || p.buffered != nil && p.buffered.Size() > proxyHeaderBytes {
			t.Errorf("%d, %v", n, err)
		}
		for _, name := range []string{"X-Forwarded-For", "Forwarded", "X-Forwarded-Proto"} {
			client, scheme := trusted.forwarded(web.Header{{Name: name, Value: line}}, "192.0.2.9", "http")
			if !trusted.Has(client) || scheme != "http" && scheme != "https" {
				t.Errorf("%q: %q %q", line, client, scheme)
			}
		}
	})
}
