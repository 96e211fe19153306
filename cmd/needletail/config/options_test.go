// SPDX-License-Identifier: Apache-2.0

package config

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"needletail/proxy/swift/feature"
	"needletail/proxy/swift/middleware/slo"
)

// full is a file with an element of each list of sections.
const full = `[[policy]]
name = "a"
default = true
[[device]]
path = "d"
[[tls.certificate]]
[[container_sync.realm]]
[[cluster.policy]]
`

func loaded(t *testing.T, text string) *Config {
	t.Helper()
	c, err := Load(writeConfig(t, text))
	require.NoError(t, err)
	return &c
}

func TestOptionsHaveTheirTags(t *testing.T) {
	options := map[string]Option{}
	for _, o := range loaded(t, full).Options() {
		require.NotContains(t, options, o.Key)
		options[o.Key] = o
	}
	for key, want := range map[string][2]bool{ // reloads, secret
		"data": {}, "listen": {}, "log.level": {true, false}, "timeouts.header": {true, false}, "limits.max_file_size": {true, false},
		"limits.max_connections": {}, "tempauth.users": {true, true}, "tempauth.token_life": {}, "filter.slo.concurrency": {true, false},
		"glance.import_filtering_opts.allowed_hosts": {true, false}, "policy[0].default": {true, false}, "policy[0].copies": {},
		"device[0].path": {}, "tls.certificate[0].key_file": {true, false}, "container_sync.realm[0].key": {false, true},
		"cluster.policy[0].index": {}, "cluster.keymaster.encryption_root_secrets": {false, true}, "keystone.password": {false, true},
	} {
		require.Contains(t, options, key)
		require.Equal(t, want, [2]bool{options[key].Reloads, options[key].Secret}, key)
	}
}

// TestSecretsAreMarked: an option whose name sounds like a secret is a secret, or
// stands here with the reason why not.
func TestSecretsAreMarked(t *testing.T) {
	sounds := regexp.MustCompile(`password|secret|key|token|credential|users`)
	open := []string{
		"active_root_secret_id", "root_secret_file", "root_secret_files", // names and files
		"key_file", "keyfile", "keymaster_config_path", // files
		"application_credential_id", "password_hash_rounds", "use_keystone_limits", "builtin_keystone",
		"token_lifetime", "token_life", "token_cache_time", "cache_tokens", "namespace_cache_tokens_per_session",
		"service_token_roles", "service_token_roles_required",
	}
	for _, o := range loaded(t, full).Options() {
		last := o.Key[strings.LastIndexByte(o.Key, '.')+1:]
		if sounds.MatchString(last) && !slices.Contains(open, last) {
			require.True(t, o.Secret, o.Key)
		}
	}
}

func TestTake(t *testing.T) {
	for _, c := range []struct{ name, old, next, restart string }{
		{"nothing", "", "", ""},
		{"an empty list", "", "[tempauth]\nusers = []\nreseller_prefix = [\"AUTH\"]", ""},
		{"what reloads", "", "[limits]\nmax_file_size = 1\n[log]\nlevel = \"debug\"\n[filter.slo]\nconcurrency = 3", ""},
		{"what does not", "", "data = \"x\"\n[storage]\nreserve_bytes = 1\n[tls]\nplain_listen = \"a:1\"", "data tls.plain_listen storage.reserve_bytes"},
		{"a list that reloads", "[tls]\ncert_file = \"a\"", "[tls]\ncert_file = \"b\"\n[[tls.certificate]]\ncert_file = \"c\"", ""},
		{"TLS turned on", "", "[tls]\ncert_file = \"a\"", "tls.cert_file"},
		{"TLS turned off", "[tls]\ncert_file = \"a\"", "", "tls.cert_file"},
		{"a policy more", "", "[[policy]]\nname = \"a\"", "policy"},
		{"another name", "[[policy]]\nname = \"a\"", "[[policy]]\nname = \"b\"", ""},
		{"more copies", "[[policy]]\nname = \"a\"\n[[policy]]\nindex = 1", "[[policy]]\nname = \"b\"\ncopies = 2\n[[policy]]\ncopies = 2\nindex = 1", "policy.copies"},
	} {
		old, next := loaded(t, c.old), loaded(t, c.next)
		before := *old
		taken, restart := old.Take(next)
		require.Equal(t, c.restart, strings.Join(restart, " "), c.name)
		require.Equal(t, before, *old, c.name)
		if c.restart == "" {
			require.True(t, taken.Same(next), c.name)
		}
		require.Equal(t, old.Same(next), c.name == "nothing" || c.name == "an empty list", c.name)
	}
	old, next := loaded(t, "data = \"d\"\n[limits]\nmax_connections = 1\nmax_file_size = 1"), loaded(t, "[limits]\nmax_connections = 2\nmax_file_size = 2\n[filter.slo]\nconcurrency = 3")
	taken, restart := old.Take(next)
	require.Equal(t, []string{"data", "limits.max_connections"}, restart)
	require.Equal(t, "d", taken.Data)
	require.Equal(t, 1, taken.Limits.MaxConnections)
	require.EqualValues(t, 2, taken.Limits.MaxFileSizeBytes)
	require.Equal(t, 3, feature.Of[slo.Options](taken.Filters).Concurrency)
}
