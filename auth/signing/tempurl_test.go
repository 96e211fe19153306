// SPDX-License-Identifier: Apache-2.0

package signing

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"needletail/auth"
)

func query(t *testing.T, raw string) url.Values {
	q, err := url.ParseQuery(raw)
	if err != nil {
		t.Fatal(err)
	}
	return q
}

func TestParseTempURL(t *testing.T) {
	for _, raw := range []string{"", "temp_url_prefix=a", "filename=x&inline", "temp_url_ip_range=::1"} {
		if _, ok := ParseTempURL(query(t, raw)); ok {
			t.Errorf("%q is a temporary URL's", raw)
		}
	}
	for _, raw := range []string{"temp_url_sig", "temp_url_expires=", "temp_url_sig=a&temp_url_expires=1"} {
		if _, ok := ParseTempURL(query(t, raw)); !ok {
			t.Errorf("%q is no temporary URL's", raw)
		}
	}
	u, ok := ParseTempURL(query(t, "temp_url_sig=s&temp_url_sig=t&temp_url_expires=5&temp_url_prefix=&inline&filename=a+b&temp_url_ip_range=::1"))
	if !ok || u.Signature != "s" || u.Expires != "5" || u.Prefix == nil || *u.Prefix != "" || !u.Inline || u.Filename != "a b" || u.IPRange != "::1" {
		t.Errorf("%+v", u)
	}
}

func TestMessage(t *testing.T) {
	got := string(TempURL{}.Message("GET", 1323479485, "AUTH_account", "container", "object"))
	if got != testMessage {
		t.Errorf("%q", got)
	}
	prefix := "pre"
	u := TempURL{IPRange: "10.0.0.0/8", Prefix: &prefix}
	sig, err := DefaultDigests().ParseSignature("51f33e7d18daecb79c03bcf4e720f2090f285f55a7fb530d80fc801ed1e585bc")
	if err != nil {
		t.Fatal(err)
	}
	m := u.Message("GET", 1323479485, "AUTH_account", "container", "prefixed")
	if !sig.Matches(testKey, m) {
		t.Errorf("%q", m)
	}
}

func TestExpiry(t *testing.T) {
	now := time.Unix(1400000000, 500)
	for text, want := range map[string]int64{
		"1400000000": 1400000000, " 1400000001 ": 1400000001, "2014-05-13T16:53:20Z": 1400000000,
		"9999-12-31T23:59:59Z": MaxExpires, "253402300799": MaxExpires,
		"1399999999": 0, "2014-05-13T16:53:19Z": 0, "253402300800": 0, "99999999999999999999": 0,
		"": 0, "0": 0, "-1": 0, "x": 0, "1400000001.5": 0, "0x7fffffff": 0,
		"2030-05-13T16:53:20": 0, "2030-05-13T16:53:20.5Z": 0, "2030-05-13T16:53:20+01:00": 0,
		"2030-05-13 16:53:20Z": 0, "2030-05-13T16:53:20z": 0,
	} {
		got, ok := TempURL{Expires: text}.ExpiresUnix(now)
		if ok != (want != 0) || ok && got != want {
			t.Errorf("%q: %d %v, want %d", text, got, ok, want)
		}
	}
}

func TestAllowsIP(t *testing.T) {
	for _, c := range []struct {
		network, remote string
		want            bool
	}{
		{"", "", true},
		{"127.0.0.1", "127.0.0.1", true},
		{"127.0.0.1", "127.0.0.2", false},
		{"127.0.0.1/32", "127.0.0.1", true},
		{"10.0.0.0/8", "10.200.0.1", true},
		{"10.0.0.0/8", "11.0.0.1", false},
		{"10.0.0.1/8", "10.0.0.1", false},
		{"10.0.0.0/8", "::ffff:10.0.0.1", true},
		{"::1", "::1", true},
		{"2001:db8::/32", "2001:db8::5", true},
		{"2001:db8::/32", "10.0.0.1", false},
		{"10.0.0.0/8", "", false},
		{"10.0.0.0/33", "10.0.0.1", false},
		{"10.0.0.1\n", "10.0.0.1", false},
		{"fe80::1%eth0", "fe80::1%eth0", false},
		{"localhost", "127.0.0.1", false},
	} {
		if got := (TempURL{IPRange: c.network}).AllowsIP(c.remote); got != c.want {
			t.Errorf("%s in %q: %v", c.remote, c.network, got)
		}
	}
}

func TestQueryGoesRound(t *testing.T) {
	d := allDigests(t)
	sig, err := d.ParseSignature(testSHA256)
	if err != nil {
		t.Fatal(err)
	}
	prefix := "a&b=c d/é"
	u := TempURL{Signature: testSHA256, Expires: "2030-01-02T03:04:05Z", Prefix: &prefix, IPRange: "10.0.0.0/8", Filename: "x;y", Inline: true}
	back, ok := ParseTempURL(query(t, u.Query(sig)))
	if !ok || *back.Prefix != prefix {
		t.Fatalf("%+v", back)
	}
	back.Prefix = u.Prefix
	if back != u {
		t.Errorf("%+v", back)
	}
	if q := (TempURL{Expires: "1"}).Query(sig); q != "temp_url_sig="+testSHA256+"&temp_url_expires=1" {
		t.Error(q)
	}
}

func TestScope(t *testing.T) {
	account, container := Scope{Account: "a"}, Scope{Account: "a", Container: "c"}
	for _, c := range []struct {
		scope Scope
		asked auth.Access
		want  bool
	}{
		{account, auth.Access{Account: "a", Container: "c", Object: "o"}, true},
		{account, auth.Access{Account: "a", Container: "d"}, true},
		{account, auth.Access{Account: "b", Container: "c"}, false},
		{container, auth.Access{Account: "a", Container: "c", Object: "o"}, true},
		{container, auth.Access{Account: "a", Container: "d", Object: "o"}, false},
		{container, auth.Access{Account: "b", Container: "c", Object: "o"}, false},
		{container, auth.Access{Account: "a"}, false},
		{Scope{}, auth.Access{}, false},
	} {
		g := c.scope.Authorize(nil, c.asked)
		if g != (auth.Grant{Allowed: c.want}) {
			t.Errorf("%+v for %+v: %+v", c.scope, c.asked, g)
		}
	}
}

func TestFormMessage(t *testing.T) {
	// The example of Swift's documentation, with Python's hmac.
	f := Form{
		Path: "/v1/account/container/object_prefix", Redirect: "https://srv.com/some-page",
		MaxFileSize: "104857600", MaxFileCount: "10", Expires: "1323479485",
	}
	sig, err := DefaultDigests().ParseSignature("70f84c030e95087b0de90882e17ed2cd9bdb66f5fdaa7724e8780b07d69b1423b67fc4dbe7bc1362ba67e475805c6a9a54f6c7612206c7533c0163abf822cbf1")
	if err != nil || !sig.Matches(testKey, f.Message()) {
		t.Error(err)
	}
	if m := string(Form{Path: "/v1/a/c"}.Message()); m != "/v1/a/c\n\n0\n0\n0" {
		t.Errorf("%q", m)
	}
}

func FuzzTempURL(f *testing.F) {
	f.Add("temp_url_sig="+testSHA256+"&temp_url_expires=4102444800&temp_url_prefix=a%26&filename=x", "10.0.0.1")
	f.Add("temp_url_sig=a&temp_url_expires=2030-01-02T03:04:05Z&temp_url_ip_range=::/0&inline", "::1")
	d := allDigests(f)
	sig, err := d.ParseSignature(testSHA256)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, raw, remote string) {
		q, _ := url.ParseQuery(raw)
		u, ok := ParseTempURL(q)
		if !ok {
			return
		}
		u.Signature = sig.Hex()
		again, err := url.ParseQuery(u.Query(sig))
		if err != nil {
			t.Fatal(err)
		}
		back, _ := ParseTempURL(again)
		now := time.Unix(1400000000, 0)
		at, alive := u.ExpiresUnix(now)
		if backAt, backAlive := back.ExpiresUnix(now); backAt != at || backAlive != alive || alive && at < now.Unix() {
			t.Errorf("%q expires at %d, %v", u.Expires, at, alive)
		}
		if u.AllowsIP(remote) && strings.Contains(u.IPRange, "\n") {
			t.Errorf("range %q", u.IPRange)
		}
		if string(back.Message("GET", at, "a", "c", "o")) != string(u.Message("GET", at, "a", "c", "o")) {
			t.Errorf("%q means something else after %q", u.Query(sig), raw)
		}
	})
}
