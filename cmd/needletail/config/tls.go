// SPDX-License-Identifier: Apache-2.0

package config

import (
	"crypto/tls"
	"errors"
	"fmt"

	"needletail/proxy/certificates"
	"needletail/proxy/httpfront"
)

// TLS makes the one port speak TLS. The server looks at the files every 10 seconds
// and at SIGHUP, and reads changed files again. A pair that does not fit is
// reported, and the pair before serves on.
type TLS struct {
	// CertFile is a PEM file with the certificate and its chain (Swift's
	// cert_file). "": the port speaks plain HTTP.
	CertFile string `toml:"cert_file" reload:"yes"`
	// KeyFile is a PEM file with the private key of cert_file.
	KeyFile string `toml:"key_file" reload:"yes"`
	// MinVersion is the oldest version of TLS: "1.2" or "1.3".
	MinVersion string `toml:"min_version" reload:"yes"`
	// ClientCAFile is a PEM file with the authorities of the clients' certificates.
	// "": clients are not asked for a certificate.
	ClientCAFile string `toml:"client_ca_file" reload:"yes"`
	// RequireClientCert refuses clients without a certificate of client_ca_file.
	RequireClientCert bool `toml:"require_client_cert" reload:"yes"`
	// PlainListen is the address of a second port, HOST:PORT, that speaks plain
	// HTTP, for example for a balancer's health checks. "": there is no second port.
	PlainListen string `toml:"plain_listen"`
	// Certificates are more certificates. A client is shown the first certificate
	// for the name that the client asks for, and cert_file if no certificate fits.
	Certificates []Certificate `toml:"certificate" reload:"yes"`
}

// Certificate is a further certificate of the one port.
type Certificate struct {
	// CertFile is a PEM file with the certificate and its chain.
	CertFile string `toml:"cert_file" reload:"yes"`
	// KeyFile is a PEM file with the private key of cert_file.
	KeyFile string `toml:"key_file" reload:"yes"`
}

func defaultTLS() TLS { return TLS{MinVersion: "1.2"} }

// On reports whether the port speaks TLS.
func (t *TLS) On() bool { return t.CertFile != "" }

var tlsVersions = map[string]uint16{"1.2": tls.VersionTLS12, "1.3": tls.VersionTLS13}

// Open reads the certificates.
func (t *TLS) Open() (*certificates.Set, error) {
	o := certificates.Options{
		Pairs:        []certificates.Pair{{CertFile: t.CertFile, KeyFile: t.KeyFile}},
		MinVersion:   tlsVersions[t.MinVersion],
		ClientCAFile: t.ClientCAFile, RequireClientCert: t.RequireClientCert,
	}
	for _, c := range t.Certificates {
		o.Pairs = append(o.Pairs, certificates.Pair(c))
	}
	set, err := certificates.Open(o)
	if err != nil {
		return nil, fmt.Errorf("%w: configuration: tls: %w", ErrUsage, err)
	}
	return set, nil
}

func (t *TLS) validate() error {
	if t.PlainListen != "" {
		if err := validateListen(t.PlainListen); err != nil {
			return fmt.Errorf("plain_listen: %w", err)
		}
	}
	switch {
	case tlsVersions[t.MinVersion] == 0:
		return fmt.Errorf("min_version %q is neither 1.2 nor 1.3", t.MinVersion)
	case !t.On() && (t.KeyFile != "" || t.PlainListen != "" || t.ClientCAFile != "" || len(t.Certificates) > 0):
		return errors.New("cert_file is missing")
	case t.On() && t.KeyFile == "":
		return errors.New("key_file is missing")
	case t.RequireClientCert && t.ClientCAFile == "":
		return errors.New("require_client_cert takes a client_ca_file")
	}
	for i, c := range t.Certificates {
		if c.CertFile == "" || c.KeyFile == "" {
			return fmt.Errorf("certificate %d: cert_file or key_file is missing", i+1)
		}
	}
	return nil
}

// Front names the proxies in front of the server.
type Front struct {
	// TrustedProxies are addresses and prefixes of load balancers and of ends of
	// TLS: "10.0.0.0/8". Their X-Forwarded-For, X-Forwarded-Proto and Forwarded say
	// who the client is, and the limits for each address count the client.
	TrustedProxies []string `toml:"trusted_proxies" reload:"yes"`
	// ProxyProtocol expects a PROXY header, version 1 or 2, at the beginning of each
	// connection from trusted_proxies.
	ProxyProtocol bool `toml:"proxy_protocol"`
}

// Proxies returns the trusted proxies.
func (f *Front) Proxies() (httpfront.Proxies, error) { return httpfront.ParseProxies(f.TrustedProxies) }

func (f *Front) validate() error {
	if _, err := f.Proxies(); err != nil {
		return fmt.Errorf("trusted_proxies: %w", err)
	}
	if f.ProxyProtocol && len(f.TrustedProxies) == 0 {
		return errors.New("proxy_protocol takes trusted_proxies")
	}
	return nil
}
