// SPDX-License-Identifier: Apache-2.0

package config

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTLSAndFront(t *testing.T) {
	for text, want := range map[string]string{
		"": "",
		"[tls]\ncert_file = \"a\"\nkey_file = \"b\"": "",
		"[tls]\ncert_file = \"a\"\nkey_file = \"b\"\nmin_version = \"1.3\"\n[[tls.certificate]]\ncert_file = \"c\"\nkey_file = \"d\"": "",
		"[tls]\ncert_file = \"a\"":               "key_file is missing",
		"[tls]\nkey_file = \"b\"":                "cert_file is missing",
		"[tls]\nplain_listen = \"127.0.0.1:1\"":  "cert_file is missing",
		"[[tls.certificate]]\ncert_file = \"c\"": "cert_file is missing",
		"[tls]\ncert_file = \"a\"\nkey_file = \"b\"\n[[tls.certificate]]\ncert_file = \"c\"": "certificate 1",
		"[tls]\ncert_file = \"a\"\nkey_file = \"b\"\nmin_version = \"1.1\"":                  "min_version",
		"[tls]\ncert_file = \"a\"\nkey_file = \"b\"\nplain_listen = \"x\"":                   "plain_listen",
		"[tls]\ncert_file = \"a\"\nkey_file = \"b\"\nrequire_client_cert = true":             "client_ca_file",
		"[front]\ntrusted_proxies = [\"10.0.0.0/8\", \"::1\"]\nproxy_protocol = true":        "",
		"[front]\ntrusted_proxies = [\"balancer\"]":                                          "trusted_proxies",
		"[front]\nproxy_protocol = true":                                                     "trusted_proxies",
	} {
		c := Default()
		require.NoError(t, c.decode(text), text)
		err := c.Validate()
		if want == "" {
			require.NoError(t, err, text)
			continue
		}
		require.ErrorIs(t, err, ErrUsage, text)
		require.ErrorContains(t, err, want, text)
	}
}
