// SPDX-License-Identifier: Apache-2.0

package webdownload

import (
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strconv"
	"testing"
)

func TestCheck(t *testing.T) {
	hosts := Filter{AllowedHosts: []string{"mirror.example"}, DisallowedHosts: []string{"mirror.example"}}
	def, lists := DefaultFilter(), Filter{DisallowedHosts: []string{"bad.example"}, DisallowedPorts: []int{22}}
	for name, c := range map[string]struct {
		filter Filter
		uri    string
		ok     bool
	}{
		"http":                      {def, "http://example.com/a.img", true},
		"https and its port":        {def, "https://example.com:443/a.img", true},
		"a scheme in capitals":      {def, "HTTP://example.com:80/a.img", true},
		"a port beside the list":    {def, "http://example.com:8080/", false},
		"a port beyond 16 bits":     {def, "http://example.com:99999/", false},
		"a file":                    {def, "file:///etc/passwd", false},
		"ftp":                       {def, "ftp://example.com/", false},
		"gopher":                    {def, "gopher://example.com/", false},
		"an opaque URI":             {def, "http:example.com", false},
		"no host":                   {def, "http:///a", false},
		"credentials":               {def, "http://user:password@example.com/", false},
		"no scheme":                 {def, "//example.com/", false},
		"nothing":                   {def, "", false},
		"a space in the host":       {def, "http://exa mple.com/", false},
		"an allowed host":           {hosts, "http://MIRROR.example./", true},
		"a host beside the list":    {hosts, "http://other.example/", false},
		"a disallowed host":         {lists, "http://bad.example/", false},
		"a disallowed port":         {lists, "http://good.example:22/", false},
		"a port that is not listed": {lists, "http://good.example:23/", true},
		"a disallowed scheme":       {Filter{DisallowedSchemes: []string{"http"}}, "http://good.example/", false},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := c.filter.Check(c.uri)
			if (err == nil) != c.ok || err != nil && !errors.Is(err, ErrFiltered) {
				t.Errorf("%q: %v", c.uri, err)
			}
		})
	}
}

func TestAddresses(t *testing.T) {
	f := DefaultFilter()
	for _, bad := range []string{
		"127.0.0.1", "127.8.9.1", "0.0.0.0", "0.1.2.3", "169.254.169.254", "224.0.0.1", "255.255.255.255",
		"100.100.100.200", "198.18.0.1", "::1", "::", "::ffff:127.0.0.1", "::ffff:169.254.169.254", "fe80::1%eth0",
		"ff02::1", "fd00:ec2::254", "64:ff9b::7f00:1", "2002:7f00:1::",
		"10.0.0.0", "10.1.2.3", "10.255.255.255", "172.16.0.0", "172.31.255.255", "192.168.0.0", "192.168.255.255",
		"100.64.0.0", "100.127.255.255", "192.0.0.1", "192.0.2.1", "192.88.99.1", "198.51.100.1", "203.0.113.1",
		"239.1.1.1", "240.0.0.1", "168.63.129.16", "::ffff:10.1.2.3", "::ffff:100.64.0.1", "::10.1.2.3", "::127.0.0.1",
		"fc00::1", "fd00::1", "fdff:ffff::1", "fec0::1", "100::1", "64:ff9b:1::1", "2001::1", "2001:10::1", "2001:20::1",
		"2001:db8::1", "3fff::1", "5f00::1", "4000::1",
	} {
		if err := f.checkAddress(net.JoinHostPort(bad, "80")); !errors.Is(err, ErrFiltered) {
			t.Errorf("%s passes", bad)
		}
	}
	for _, good := range []string{
		"93.184.216.34", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "172.15.255.255", "172.32.0.0",
		"192.167.255.255", "192.169.0.0", "223.255.255.255", "::ffff:93.184.216.34", "2606:2800:220:1::1", "2001:200::1",
	} {
		if err := f.checkAddress(net.JoinHostPort(good, "80")); err != nil {
			t.Errorf("%s: %v", good, err)
		}
	}
	f.AllowedNetworks = []netip.Prefix{netip.MustParsePrefix("10.1.0.0/16"), netip.MustParsePrefix("fd00:1::/32")}
	for address, ok := range map[string]bool{
		"10.1.2.3": true, "10.2.0.0": false, "::ffff:10.1.2.3": true, "fd00:1::9": true, "fd00:2::9": false,
	} {
		if err := f.checkAddress(net.JoinHostPort(address, "80")); (err == nil) != ok {
			t.Errorf("%s beside allowed networks: %v", address, err)
		}
	}
	f.AllowedNetworks = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	if err := f.checkAddress("127.0.0.1:80"); err != nil {
		t.Error(err)
	}
	if err := f.checkAddress("[::1]:80"); err == nil {
		t.Error("::1 passes by 127.0.0.0/8")
	}
}

// loopback is a filter that lets the tests' server through.
func loopback(t *testing.T, s *httptest.Server) Filter {
	t.Helper()
	f := DefaultFilter()
	port, err := strconv.Atoi(s.Listener.Addr().String()[len("127.0.0.1:"):])
	if err != nil {
		t.Fatal(err)
	}
	f.AllowedPorts = []int{port}
	f.AllowedNetworks = []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}
	return f
}

func TestFetch(t *testing.T) {
	mux := http.NewServeMux()
	s := httptest.NewServer(mux)
	defer s.Close()
	redirect := func(path, to string) {
		mux.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, to, http.StatusFound) })
	}
	mux.HandleFunc("/image", func(w http.ResponseWriter, r *http.Request) {
		if len(r.Header["Authorization"])+len(r.Header["Cookie"]) > 0 {
			t.Errorf("headers %v", r.Header)
		}
		io.WriteString(w, "the image")
	})
	mux.HandleFunc("/short", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "100")
		io.WriteString(w, "short")
	})
	redirect("/once", "/image")
	redirect("/loop", "/loop")
	redirect("/scheme", "ftp://127.0.0.1/")
	redirect("/port", "http://127.0.0.1:22/")
	redirect("/inside", "http://127.0.0.2"+s.Listener.Addr().String()[len("127.0.0.1"):]+"/image")
	f := New(loopback(t, s))
	for path, want := range map[string]string{"/image": "the image", "/once": "the image"} {
		body, size, err := f.Fetch(t.Context(), s.URL+path)
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(body)
		if err != nil || string(got) != want || size != int64(len(want)) {
			t.Errorf("%s: %q of %d, %v", path, got, size, err)
		}
		body.Close()
	}
	for _, path := range []string{"/loop", "/scheme", "/port", "/inside"} {
		if _, _, err := f.Fetch(t.Context(), s.URL+path); !errors.Is(err, ErrFiltered) {
			t.Errorf("%s: %v", path, err)
		}
	}
	if _, _, err := f.Fetch(t.Context(), s.URL+"/absent"); err == nil || errors.Is(err, ErrFiltered) {
		t.Errorf("absent: %v", err)
	}
	body, _, err := f.Fetch(t.Context(), s.URL+"/short")
	if err != nil {
		t.Fatal(err)
	}
	defer body.Close()
	if _, err := io.ReadAll(body); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("a short body ends with %v", err)
	}
}

// A name that resolves to loopback does not help: the connection is judged.
func TestNameOfLoopback(t *testing.T) {
	s := httptest.NewServer(http.NotFoundHandler())
	defer s.Close()
	filter := loopback(t, s)
	filter.AllowedNetworks = nil
	_, port, _ := net.SplitHostPort(s.Listener.Addr().String())
	for _, host := range []string{"localhost", "127.0.0.1", "[::ffff:127.0.0.1]", "0", "2130706433"} {
		if _, _, err := New(filter).Fetch(t.Context(), "http://"+host+":"+port+"/"); err == nil {
			t.Errorf("%s is reached", host)
		}
	}
	if _, _, err := New(filter).Fetch(t.Context(), "http://localhost:"+port+"/"); !errors.Is(err, ErrFiltered) {
		t.Errorf("localhost: %v", err)
	}
}

func TestRedirectsAreCounted(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n, _ := strconv.Atoi(r.URL.Query().Get("n"))
		if n > 0 {
			http.Redirect(w, r, "/?n="+strconv.Itoa(n-1), http.StatusFound)
		}
	}))
	defer s.Close()
	f := New(loopback(t, s))
	for n, ok := range map[int]bool{redirectsMax: true, redirectsMax + 1: false} {
		body, _, err := f.Fetch(t.Context(), s.URL+"/?n="+strconv.Itoa(n))
		if (err == nil) != ok {
			t.Errorf("%d redirects: %v", n, err)
		}
		if err == nil {
			body.Close()
		}
	}
}

func FuzzCheck(f *testing.F) {
	f.Add("http://example.com/")
	f.Add("http://[::1%25lo]:80/")
	f.Fuzz(func(t *testing.T, uri string) {
		filter := DefaultFilter()
		u, err := filter.Check(uri)
		if err == nil && (u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.User != nil) {
			t.Errorf("%q passes as %v", uri, u)
		}
	})
}
