// SPDX-License-Identifier: Apache-2.0

package config

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"needletail/proxy/swift/feature"
	"needletail/proxy/swift/middleware/bulk"
	"needletail/proxy/swift/middleware/cnamelookup"
	"needletail/proxy/swift/middleware/domainremap"
	"needletail/proxy/swift/middleware/etagquoter"
	"needletail/proxy/swift/middleware/objectversioning"
	"needletail/proxy/swift/middleware/ratelimit"
	"needletail/proxy/swift/middleware/slo"
	"needletail/proxy/swift/middleware/versionedwrites"
)

func writeConfig(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "needletail.toml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestConfigOverridesDefaults(t *testing.T) {
	c, err := Load(writeConfig(t, "listen = \"127.0.0.1:99\"\n[timeouts]\nbody_idle = \"5s\"\n[tempauth]\nusers = [\"a:b=c\"]\n"))
	if err != nil {
		t.Fatal(err)
	}
	if c.Listen != "127.0.0.1:99" || time.Duration(c.Timeouts.BodyIdle) != 5*time.Second || len(c.TempAuth.Users) != 1 {
		t.Errorf("the file's values are not in %+v", c)
	}
	if c.Data != "./data" || c.Limits.MaxFileSizeBytes != 5368709122 {
		t.Errorf("defaults are lost in %+v", c)
	}
	if err := c.Validate(); err != nil {
		t.Error(err)
	}
}

func TestConfigNamesWhatIsWrong(t *testing.T) {
	f := func(text, want string) {
		t.Helper()
		c, err := Load(writeConfig(t, text))
		if err == nil {
			err = c.Validate()
		}
		if !errors.Is(err, ErrUsage) || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want an error with %q", text, err, want)
		}
	}
	f("lisen = \"x\"", "lisen")
	f("[limits]\nmax_file = 1", "limits.max_file")
	f("[timeouts]\nheader = \"-1s\"", "negative")
	f("[timeouts]\nheader = \"soon\"", "soon")
	f("listen = \"nowhere\"", "listen")
	f("data = \"\"", "data")
	f("[limits]\nmax_file_size = 0", "max_file_size")
	f("[limits]\nmax_image_size = 0", "max_image_size")
	f("[limits]\nmax_connections = 0", "max_connections")
	f("[limits]\nmax_connections_per_ip = -1", "max_connections_per_ip")
	f("[limits]\nmax_requests_per_second_per_ip = -1", "max_requests_per_second_per_ip")
	f("[limits]\nmax_requests_per_second_per_ip = 1000001", "max_requests_per_second_per_ip")
	f("[login_limits]\nfailures_per_user_and_ip = -1", "login_limits.failures_per_user_and_ip")
	f("[login_limits]\nfailures_per_ip = -1", "login_limits.failures_per_ip")
	f("[login_limits]\nfailures_per_user = -1", "login_limits.failures_per_user")
	f("[login_limits]\nwindow = \"0s\"", "login_limits.window")
	f("[login_limits]\nmax_delay = \"999ms\"", "login_limits.max_delay")
	f("[limits]\nmax_header_bytes = 4096", "max_header_bytes")
	f("[storage]\nreserve_percent = 100.0", "reserve_percent")
	f("[storage]\ninline_max_bytes = 2000000", "inline_max_bytes")
	f("[identity]\ntoken_lifetime = \"0s\"", "token_lifetime")
	f("[identity]\npassword_hash_rounds = 3", "password_hash_rounds")
	f("[identity]\npassword_hash_rounds = 17", "password_hash_rounds")
	f("[identity]\nauth_methods = [\"mapped\"]", "mapped")
	f("[identity]\nauth_methods = []", "auth_methods")
	f("[security_compliance]\nlockout_failure_attempts = -1", "lockout_failure_attempts")
	f("[security_compliance]\nlockout_duration = \"0s\"", "lockout_duration")
	f("[tempauth]\ntoken_life = \"0s\"", "token_life")
	f("[[policy]]\nname = \"a\"", "policy")
	f("[keystoneauth]\nservice_roles = { SERVICE = [\"service\"] }", "SERVICE")
	f("[swift]\nallowed_digests = [\"md5\"]", "md5")
	f("[swift]\nallowed_digests = []", "allowed_digests")
	f("[swift]\nfull_disk_status = 503", "swift.full_disk_status")
	f("[swift]\nallow_open_expire = true", "swift.allow_open_expire")
	f("[filter.name_check]\nforbidden_regexp = \"(\"", "filter.name_check.forbidden_regexp")
	f("[filter.ratelimit]\ncontainer_ratelimit = { many = 1.0 }", "filter.ratelimit")
	f("[filter.ratelimit]\ncontainer_listing_ratelimit = { 5 = -1.0 }", "filter.ratelimit")
	f("[filter.slo]\nmax_manifest_segments = 0", "filter.slo.max_manifest_segments")
	f("[filter.slo]\nmax_manifest_size = -1", "filter.slo.max_manifest_size")
	f("[filter.slo]\nconcurrency = 1001", "filter.slo.concurrency")
	f("= 1", "configuration")
}

func TestConfigPolicies(t *testing.T) {
	c, err := Load(writeConfig(t, "[[policy]]\nindex = 3\nname = \"gold\"\naliases = [\"yellow\"]\ndefault = true\n[[policy]]\nname = \"old\"\ndeprecated = true\n"))
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Validate(); err != nil {
		t.Error(err)
	}
	p, ok := c.StoragePolicies().ByName("Yellow")
	if !ok || p.Index != 3 || c.StoragePolicies().Default().Index != 3 {
		t.Errorf("gold is %+v", p)
	}
	if old, ok := c.StoragePolicies().ByIndex(0); !ok || !old.Deprecated {
		t.Errorf("old is %+v", old)
	}
	c = Default()
	if got := c.StoragePolicies(); got.Default().Name != "Policy-0" || len(got) != 2 || got[1].Name != "silver" || got[1].Deprecated {
		t.Errorf("the default policies are %+v", got)
	}
}

func TestConfigFilters(t *testing.T) {
	c, err := Load(writeConfig(t, "[filter.domain_remap]\nstorage_domain = [\"d\"]\n[filter.etag_quoter]\nenable_by_default = true\n[filter.bulk]\nmax_deletes_per_request = 7\n"+
		"[filter.ratelimit]\nenabled = true\naccount_ratelimit = 2.5\ncontainer_ratelimit = { 100 = 50.0 }\nmax_sleep_time = \"1s\"\n"+
		"[filter.versioned_writes]\nallow_object_versioning = false\n"))
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Validate(); err != nil {
		t.Fatal(err)
	}
	if remap := feature.Of[domainremap.Options](c.Filters); remap.StorageDomains[0] != "d" || remap.PathRoot != "v1" {
		t.Errorf("domain_remap is %+v", remap)
	}
	if !feature.Of[etagquoter.Options](c.Filters).EnableByDefault || feature.Of[bulk.Options](c.Filters).MaxDeletesPerRequest != 7 {
		t.Error("etag_quoter or bulk has not what the file says")
	}
	if r := feature.Of[ratelimit.Options](c.Filters); !r.Enabled || r.AccountPerSecond != 2.5 || r.Containers["100"] != 50 || time.Duration(r.MaxSleep) != time.Second {
		t.Errorf("ratelimit is %+v", r)
	}
	if feature.Of[objectversioning.Options](c.Filters).AllowObjectVersioning || !feature.Of[versionedwrites.Options](c.Filters).AllowVersionedWrites {
		t.Error("versioned_writes is not divided between its two features")
	}
}

// TestFilterKeysAreRefused: errors of a filter's section are those of any other
// section, with the line and the whole key.
func TestFilterKeysAreRefused(t *testing.T) {
	for text, want := range map[string]string{
		"[filter.slow]\nx = 1":                                     "unknown key filter.slow, filter.slow.x",
		"[filter.slow]":                                            "unknown key filter.slow",
		"[filter.slo]\nconcurency = 1":                             "unknown key filter.slo.concurency",
		"[filter.slo]\nconcurrency = \"two\"":                      `line 2 (last key "filter.slo.concurrency")`,
		"[filter.versioned_writes]\nallow_versions = 1":            "unknown key filter.versioned_writes.allow_versions",
		"[filter.ratelimit]\nmax_sleep_time = \"soon\"":            `line 2 (last key "filter.ratelimit.max_sleep_time")`,
		"[filter.tempauth]":                                        "unknown key filter.tempauth",
		"[filter.ratelimit]\ncontainer_ratelimit = { many = 1.0 }": "configuration: filter.ratelimit.container_ratelimit: ",
		"[filter.cname_lookup]\nlookup_depth = 3":                  "configuration: filter.cname_lookup.lookup_depth and nameservers mean nothing",
	} {
		c, err := Load(writeConfig(t, text))
		if err == nil {
			err = c.Validate()
		}
		if !errors.Is(err, ErrUsage) || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want an error with %q", text, err, want)
		}
	}
	c, err := Load(writeConfig(t, "[Filter.SLO]\nConcurrency = 9"))
	if err != nil || feature.Of[slo.Options](c.Filters).Concurrency != 9 {
		t.Errorf("case counts: %v", err)
	}
}

func TestConfigHostsOfSwift(t *testing.T) {
	c := Default()
	c.PublicURL = "https://public.example.net:8443"
	if c.SwiftHosts()("anything.org") {
		t.Error("by default no host belongs to Swift alone")
	}
	feature.Of[domainremap.Options](c.Filters).StorageDomains = []string{"example.com"}
	lookup := feature.Of[cnamelookup.Options](c.Filters)
	lookup.StorageDomains = []string{"example.com"}
	for host, want := range map[string]bool{
		"a.example.com": true, "mine.org:80": true, "public.example.net": false, "localhost:8080": false, "127.0.0.1": false, "example.com": false,
	} {
		if got := c.SwiftHosts()(host); got != want {
			t.Errorf("%s: %v, want %v", host, got, want)
		}
	}
	lookup.Nameservers = []string{"nobody"}
	if err := c.Validate(); !errors.Is(err, ErrUsage) || !strings.Contains(err.Error(), "filter.cname_lookup.nameservers: ") {
		t.Errorf("a name server that is none: %v", err)
	}
	lookup.Nameservers = []string{"192.0.2.1"}
	if err := c.Validate(); err != nil {
		t.Error(err)
	}
}

func TestGlanceConfig(t *testing.T) {
	f := func(text, wantError string) {
		t.Helper()
		c, err := Load(writeConfig(t, text))
		if err == nil {
			err = c.Validate()
		}
		if (err == nil) != (wantError == "") || err != nil && !strings.Contains(err.Error(), wantError) {
			t.Errorf("%q: %v, want %q", text, err, wantError)
		}
	}
	f("[glance]\nimage_size_total = 1000\n[glance.import_filtering_opts]\nallowed_networks = [\"127.0.0.0/8\"]", "")
	f("[glance]\nimage_size_total = -2", "image_size_total is under -1")
	f("[glance]\nenabled_import_methods = [\"magic\"]", `there is no method "magic"`)
	f("[glance]\ngpt_safety_checks_nonfatal = [\"mbr\"]", "")
	f("[glance]\ngpt_safety_checks_nonfatal = [\"gpt\"]", `there is no check "gpt"`)
	f("[glance.import_filtering_opts]\nallowed_networks = [\"127.0.0.1\"]", "import_filtering_opts.allowed_networks")
}
