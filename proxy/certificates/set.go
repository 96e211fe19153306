// SPDX-License-Identifier: Apache-2.0

package certificates

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// Pair names the files of a certificate and of its key. A file with both may be
// named twice.
type Pair struct{ CertFile, KeyFile string }

// Options are the settings of a Set.
type Options struct {
	Pairs []Pair // at least a pair
	// MinVersion is tls.VersionTLS12 or tls.VersionTLS13. 0 is TLS 1.2.
	MinVersion uint16
	// ClientCAFile has the authorities that sign the certificates of clients. "":
	// clients are not asked for a certificate.
	ClientCAFile string
	// RequireClientCert refuses clients without a certificate. Without it, a
	// client may have no certificate, but no wrong certificate.
	RequireClientCert bool
}

// Set is the certificates of a server. Its methods may be called concurrently.
type Set struct {
	now atomic.Pointer[loaded]

	mu   sync.Mutex // held while the files are read
	opts Options    // guarded by mu
	seen []mark     // of the files, at the last reading; guarded by mu
}

// loaded is a set in memory.
type loaded struct {
	config *tls.Config
	expiry []Expiry
}

// Expiry is the end of a certificate's life.
type Expiry struct {
	CertFile string
	NotAfter time.Time
}

// maxFileBytes bounds a file of certificates or of a key. A chain of ten
// certificates with keys of 4096 bits has some 20 KiB.
const maxFileBytes = 1 << 20

var (
	errNoPair        = errors.New("there is no certificate")
	errNoAuthorities = errors.New("no certificate is in the file")
	errLargeFile     = fmt.Errorf("the file is longer than %d bytes", maxFileBytes)
	errNoClientCA    = errors.New("certificates of clients cannot be required without their authorities")
	errMinVersion    = errors.New("the oldest version is neither TLS 1.2 nor TLS 1.3")
)

// modernSuites are the suites of TLS 1.2 with forward secrecy and authenticated
// encryption. The suites of TLS 1.3 all have both, and cannot be chosen.
var modernSuites = []uint16{
	tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
	tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
	tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
	tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
	tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
	tls.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
}

// Open reads all files.
func Open(o Options) (*Set, error) {
	switch o.MinVersion {
	case 0:
		o.MinVersion = tls.VersionTLS12
	case tls.VersionTLS12, tls.VersionTLS13:
	default:
		return nil, errMinVersion
	}
	switch {
	case len(o.Pairs) == 0:
		return nil, errNoPair
	case o.RequireClientCert && o.ClientCAFile == "":
		return nil, errNoClientCA
	}
	s := &Set{opts: o}
	if err := s.Reload(); err != nil {
		return nil, err
	}
	return s, nil
}

// Config returns the configuration of a listener. Each handshake takes the set
// of its moment.
func (s *Set) Config() *tls.Config {
	c := s.now.Load().config.Clone()
	c.GetConfigForClient = func(*tls.ClientHelloInfo) (*tls.Config, error) { return s.now.Load().config, nil }
	return c
}

// Expiries returns the end of each certificate's life, in the order of the
// pairs.
func (s *Set) Expiries() []Expiry { return s.now.Load().expiry }

// Reload reads all files again. After an error the set before goes on.
func (s *Set) Reload() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.read()
}

// Replace puts the files and settings of from, as they were read, in the place
// of the set's. Nobody uses from afterwards.
func (s *Set) Replace(from *Set) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.opts, s.seen = from.opts, from.seen
	s.now.Store(from.now.Load())
}

// read is Reload under the lock.
func (s *Set) read() error {
	s.seen = s.marks() // before the files: a change in between is seen later
	l := &loaded{config: &tls.Config{
		MinVersion: s.opts.MinVersion, CipherSuites: modernSuites, NextProtos: []string{"http/1.1"},
	}}
	for _, p := range s.opts.Pairs {
		if err := l.add(p); err != nil {
			return err
		}
	}
	if err := l.askClients(&s.opts); err != nil {
		return err
	}
	s.now.Store(l)
	return nil
}

// add reads a pair.
func (l *loaded) add(p Pair) error {
	cert, err := readFile(p.CertFile)
	if err != nil {
		return err
	}
	key, err := readFile(p.KeyFile)
	if err != nil {
		return err
	}
	pair, err := tls.X509KeyPair(cert, key)
	if err != nil {
		return fmt.Errorf("%s with %s: %w", p.CertFile, p.KeyFile, err)
	}
	l.config.Certificates = append(l.config.Certificates, pair)
	l.expiry = append(l.expiry, Expiry{CertFile: p.CertFile, NotAfter: pair.Leaf.NotAfter})
	return nil
}

// askClients makes the server ask clients for a certificate.
func (l *loaded) askClients(o *Options) error {
	if o.ClientCAFile == "" {
		return nil
	}
	pem, err := readFile(o.ClientCAFile)
	if err != nil {
		return err
	}
	l.config.ClientCAs = x509.NewCertPool()
	if !l.config.ClientCAs.AppendCertsFromPEM(pem) {
		return fmt.Errorf("%s: %w", o.ClientCAFile, errNoAuthorities)
	}
	l.config.ClientAuth = tls.VerifyClientCertIfGiven
	if o.RequireClientCert {
		l.config.ClientAuth = tls.RequireAndVerifyClientCert
	}
	return nil
}

// readFile reads a whole file of at most maxFileBytes.
func readFile(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.Size() > maxFileBytes {
		return nil, fmt.Errorf("%s: %w", path, errLargeFile)
	}
	return os.ReadFile(path)
}
