// SPDX-License-Identifier: Apache-2.0

package certificates

import (
	"context"
	"crypto/tls"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"needletail/proxy/certificates/certtest"
)

// handshake connects a client to a server with the configuration, and returns
// the server's certificate.
func handshake(t *testing.T, server *tls.Config, client *tls.Config) (serial int64, err error) {
	t.Helper()
	there, here := net.Pipe()
	defer there.Close()
	defer here.Close()
	deadline := time.Now().Add(10 * time.Second)
	require.NoError(t, there.SetDeadline(deadline))
	require.NoError(t, here.SetDeadline(deadline))
	s, c := tls.Server(there, server), tls.Client(here, client)
	done := make(chan error, 1)
	go func() {
		err := s.Handshake()
		if err == nil {
			_, err = s.Write([]byte("x"))
		}
		_ = there.Close()
		done <- err
	}()
	if err = c.Handshake(); err == nil {
		// With TLS 1.3 a client learns of a refusal at its first read.
		_, err = c.Read(make([]byte, 1))
	}
	_ = here.Close()
	if served := <-done; err == nil {
		err = served
	}
	if err != nil {
		return 0, err
	}
	return c.ConnectionState().PeerCertificates[0].SerialNumber.Int64(), nil
}

func TestClientIsShownThePairOfItsName(t *testing.T) {
	a, dir := certtest.NewAuthority(t), t.TempDir()
	var o Options
	for _, name := range []string{"one.test", "two.test"} {
		var p Pair
		p.CertFile, p.KeyFile = a.Files(t, dir, name, name)
		o.Pairs = append(o.Pairs, p)
	}
	s, err := Open(o)
	require.NoError(t, err)
	for name, want := range map[string]int64{"one.test": 1, "two.test": 2} {
		serial, err := handshake(t, s.Config(), &tls.Config{RootCAs: a.Pool(), ServerName: name})
		require.NoError(t, err)
		require.Equal(t, want, serial, name)
	}
	serial, err := handshake(t, s.Config(), &tls.Config{InsecureSkipVerify: true})
	require.NoError(t, err)
	require.EqualValues(t, 1, serial, "without a name")
	expiries := s.Expiries()
	require.Len(t, expiries, 2)
	require.Equal(t, o.Pairs[1].CertFile, expiries[1].CertFile)
	require.WithinDuration(t, time.Now().Add(certtest.Life), expiries[1].NotAfter, time.Minute)
}

func TestVersionsAndSuites(t *testing.T) {
	a, dir := certtest.NewAuthority(t), t.TempDir()
	var p Pair
	p.CertFile, p.KeyFile = a.Files(t, dir, "a", "a.test")
	for _, c := range []struct {
		oldest uint16
		client *tls.Config
		ok     bool
	}{
		{0, &tls.Config{MaxVersion: tls.VersionTLS11}, false},
		{0, &tls.Config{MaxVersion: tls.VersionTLS12}, true},
		{0, &tls.Config{MaxVersion: tls.VersionTLS12, CipherSuites: []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA}}, false},
		{0, &tls.Config{MinVersion: tls.VersionTLS13}, true},
		{0, &tls.Config{NextProtos: []string{"h2", "http/1.1"}}, true},
		{tls.VersionTLS13, &tls.Config{MaxVersion: tls.VersionTLS12}, false},
		{tls.VersionTLS13, &tls.Config{}, true},
	} {
		s, err := Open(Options{Pairs: []Pair{p}, MinVersion: c.oldest})
		require.NoError(t, err)
		c.client.RootCAs, c.client.ServerName = a.Pool(), "a.test"
		if c.client.MaxVersion == tls.VersionTLS11 {
			c.client.MinVersion = tls.VersionTLS10
		}
		_, err = handshake(t, s.Config(), c.client)
		require.Equal(t, c.ok, err == nil, "%+v: %v", c.client, err)
	}
	_, err := Open(Options{Pairs: []Pair{p}, MinVersion: tls.VersionTLS11})
	require.ErrorIs(t, err, errMinVersion)
}

func TestCertificatesOfClients(t *testing.T) {
	a, other, dir := certtest.NewAuthority(t), certtest.NewAuthority(t), t.TempDir()
	var p Pair
	p.CertFile, p.KeyFile = a.Files(t, dir, "a", "a.test")
	authorities := certtest.Replace(t, dir, "ca.crt", a.PEM())
	none, right, wrong := []tls.Certificate(nil), []tls.Certificate{a.Pair(t, "client")}, []tls.Certificate{other.Pair(t, "client")}
	for _, c := range []struct {
		ca       string
		required bool
		has      []tls.Certificate
		ok       bool
	}{
		{"", false, none, true},
		{authorities, false, none, true},
		{authorities, false, right, true},
		{authorities, false, wrong, false},
		{authorities, true, none, false},
		{authorities, true, right, true},
		{authorities, true, wrong, false},
	} {
		s, err := Open(Options{Pairs: []Pair{p}, ClientCAFile: c.ca, RequireClientCert: c.required})
		require.NoError(t, err)
		has := c.has
		_, err = handshake(t, s.Config(), &tls.Config{
			RootCAs: a.Pool(), ServerName: "a.test",
			// A client that has a certificate shows it, whatever the server asked for.
			GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
				if has == nil {
					return new(tls.Certificate), nil
				}
				return &has[0], nil
			},
		})
		require.Equal(t, c.ok, err == nil, "%+v: %v", c, err)
	}
	_, err := Open(Options{Pairs: []Pair{p}, RequireClientCert: true})
	require.ErrorIs(t, err, errNoClientCA)
}

func TestBrokenPairChangesNothing(t *testing.T) {
	a, dir := certtest.NewAuthority(t), t.TempDir()
	var p Pair
	p.CertFile, p.KeyFile = a.Files(t, dir, "a", "a.test")
	s, err := Open(Options{Pairs: []Pair{p}})
	require.NoError(t, err)
	config := s.Config()
	client := func() *tls.Config { return &tls.Config{RootCAs: a.Pool(), ServerName: "a.test"} }
	serves := func(want int64, why string) {
		t.Helper()
		serial, err := handshake(t, config, client())
		require.NoError(t, err, why)
		require.Equal(t, want, serial, why)
	}
	serves(1, "at the start")
	read, err := s.Refresh()
	require.NoError(t, err)
	require.False(t, read, "no file has changed")

	cert, key := a.Issue(t, "a.test")
	certtest.Replace(t, dir, "a.crt", cert)
	read, err = s.Refresh()
	require.True(t, read)
	require.ErrorContains(t, err, p.KeyFile, "the key is of the certificate before")
	serves(1, "half a pair")
	read, _ = s.Refresh()
	require.False(t, read, "a broken pair is reported once")

	certtest.Replace(t, dir, "a.key", key)
	read, err = s.Refresh()
	require.True(t, read)
	require.NoError(t, err)
	serves(2, "a whole pair")

	for _, broken := range []string{"", "no PEM", strings.Repeat("x", maxFileBytes+1)} {
		certtest.Replace(t, dir, "a.crt", []byte(broken))
		require.Error(t, s.Reload(), "%.10q", broken)
		serves(2, "a broken file")
	}
	require.NoError(t, os.Remove(p.CertFile))
	require.ErrorIs(t, s.Reload(), os.ErrNotExist)
	serves(2, "no file")
}

// TestReplace: the listener of a set shows the pair of the set that replaced it,
// and the set reads the new files from then on.
func TestReplace(t *testing.T) {
	a, dir := certtest.NewAuthority(t), t.TempDir()
	var p, q Pair
	p.CertFile, p.KeyFile = a.Files(t, dir, "a", "a.test")
	s, err := Open(Options{Pairs: []Pair{p}})
	require.NoError(t, err)
	config := s.Config()
	q.CertFile, q.KeyFile = a.Files(t, dir, "b", "a.test")
	next, err := Open(Options{Pairs: []Pair{q}, MinVersion: tls.VersionTLS13})
	require.NoError(t, err)
	s.Replace(next)
	serial, err := handshake(t, config, &tls.Config{RootCAs: a.Pool(), ServerName: "a.test"})
	require.NoError(t, err)
	require.EqualValues(t, 2, serial)
	_, err = handshake(t, config, &tls.Config{RootCAs: a.Pool(), ServerName: "a.test", MaxVersion: tls.VersionTLS12})
	require.Error(t, err)
	read, err := s.Refresh()
	require.NoError(t, err)
	require.False(t, read)
	a.Files(t, dir, "b", "a.test")
	read, err = s.Refresh()
	require.NoError(t, err)
	require.True(t, read)
	require.Equal(t, q.CertFile, s.Expiries()[0].CertFile)
}

// A file of exactly the limit is read: the rest of a PEM file is a comment.
func TestLongFile(t *testing.T) {
	a, dir := certtest.NewAuthority(t), t.TempDir()
	cert, key := a.Issue(t, "a.test")
	padded := func(n int) []byte { return append([]byte(strings.Repeat("#", n-len(cert)-1)+"\n"), cert...) }
	p := Pair{CertFile: certtest.Replace(t, dir, "a.crt", padded(maxFileBytes)), KeyFile: certtest.Replace(t, dir, "a.key", key)}
	_, err := Open(Options{Pairs: []Pair{p}})
	require.NoError(t, err)
	certtest.Replace(t, dir, "a.crt", padded(maxFileBytes+1))
	_, err = Open(Options{Pairs: []Pair{p}})
	require.ErrorIs(t, err, errLargeFile)
}

func TestWatchReportsEachReading(t *testing.T) {
	a, dir := certtest.NewAuthority(t), t.TempDir()
	var p Pair
	p.CertFile, p.KeyFile = a.Files(t, dir, "a", "a.test")
	s, err := Open(Options{Pairs: []Pair{p}})
	require.NoError(t, err)
	ctx, stop := context.WithCancel(t.Context())
	reports, ended := make(chan error), make(chan struct{})
	go func() {
		defer close(ended)
		s.Watch(ctx, time.Millisecond, func(err error) { reports <- err })
	}()
	certtest.Replace(t, dir, "a.crt", []byte("broken"))
	require.Error(t, <-reports)
	certtest.Replace(t, dir, "ab.pem", a.PEM()) // no file of the set
	cert, key := a.Issue(t, "a.test")
	certtest.Replace(t, dir, "a.key", key)
	require.Error(t, <-reports)
	certtest.Replace(t, dir, "a.crt", cert)
	require.NoError(t, <-reports)
	stop()
	<-ended
}

func TestPrivateKeyIsInNoError(t *testing.T) {
	a, dir := certtest.NewAuthority(t), t.TempDir()
	cert, _ := a.Issue(t, "a.test")
	_, key := a.Issue(t, "a.test")
	p := Pair{CertFile: certtest.Replace(t, dir, "a.crt", cert), KeyFile: certtest.Replace(t, dir, "a.key", key)}
	_, err := Open(Options{Pairs: []Pair{p}})
	require.Error(t, err)
	for _, line := range strings.Split(string(key), "\n")[1:3] {
		require.NotContains(t, err.Error(), strings.TrimSpace(line))
	}
}
