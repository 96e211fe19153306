package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"needletail/proxy/swift/pipeline"
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
	c, err := loadConfig(writeConfig(t, "listen = \"127.0.0.1:99\"\n[timeouts]\nbody_idle = \"5s\"\n[tempauth]\nusers = [\"a:b=c\"]\n"))
	if err != nil {
		t.Fatal(err)
	}
	if c.Listen != "127.0.0.1:99" || time.Duration(c.Timeouts.BodyIdle) != 5*time.Second || len(c.TempAuth.Users) != 1 {
		t.Errorf("the file's values are not in %+v", c)
	}
	if c.Data != "./data" || c.Limits.MaxFileSizeBytes != 5368709122 {
		t.Errorf("defaults are lost in %+v", c)
	}
	if err := c.validate(); err != nil {
		t.Error(err)
	}
}

func TestConfigNamesWhatIsWrong(t *testing.T) {
	f := func(text, want string) {
		t.Helper()
		c, err := loadConfig(writeConfig(t, text))
		if err == nil {
			err = c.validate()
		}
		if !errors.Is(err, errUsage) || !strings.Contains(err.Error(), want) {
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
	c, err := loadConfig(writeConfig(t, "[[policy]]\nindex = 3\nname = \"gold\"\naliases = [\"yellow\"]\ndefault = true\n[[policy]]\nname = \"old\"\ndeprecated = true\n"))
	if err != nil {
		t.Fatal(err)
	}
	if err := c.validate(); err != nil {
		t.Error(err)
	}
	p, ok := c.policies().ByName("Yellow")
	if !ok || p.Index != 3 || c.policies().Default().Index != 3 {
		t.Errorf("gold is %+v", p)
	}
	if old, ok := c.policies().ByIndex(0); !ok || !old.Deprecated {
		t.Errorf("old is %+v", old)
	}
	c = defaultConfig()
	if got := c.policies(); got.Default().Name != "Policy-0" || len(got) != 2 || got[1].Name != "silver" || got[1].Deprecated {
		t.Errorf("the default policies are %+v", got)
	}
}

func TestConfigFilters(t *testing.T) {
	c, err := loadConfig(writeConfig(t, "[filter.domain_remap]\nstorage_domain = [\"d\"]\n[filter.etag_quoter]\nenable_by_default = true\n[filter.bulk]\nmax_deletes_per_request = 7\n"))
	if err != nil {
		t.Fatal(err)
	}
	var p pipeline.Config
	c.Filters.addTo(&p)
	if p.DomainRemap == nil || p.DomainRemap.StorageDomains[0] != "d" || !p.EtagQuoter.EnableByDefault ||
		p.Bulk.MaxDeletesPerRequest != 7 || p.CrossDomain != nil {
		t.Errorf("the pipeline has %+v", p)
	}
	p = pipeline.Config{}
	c = defaultConfig()
	if c.Filters.addTo(&p); p.DomainRemap != nil || p.EtagQuoter.EnableByDefault {
		t.Errorf("the default pipeline has %+v", p)
	}
}

func TestConfigOptionalFilters(t *testing.T) {
	c, err := loadConfig(writeConfig(t, "[filter.ratelimit]\nenabled = true\naccount_ratelimit = 2.5\ncontainer_ratelimit = { 100 = 50.0 }\nmax_sleep_time = \"1s\"\n"+
		"[filter.read_only]\nallow_deletes = true\n[filter.name_check]\nenabled = true\nmaximum_length = 10\n[filter.list_endpoints]\nenabled = true\n[filter.domain_remap]\nstorage_domain = [\"example.com\"]\n"))
	if err != nil {
		t.Fatal(err)
	}
	if err := c.validate(); err != nil {
		t.Fatal(err)
	}
	var p pipeline.Config
	c.Filters.addTo(&p)
	if r := p.RateLimit; r == nil || r.AccountPerSecond != 2.5 || len(r.Containers) != 1 || r.Containers[0].Objects != 100 || r.MaxSleep != time.Second {
		t.Errorf("ratelimit is %+v", r)
	}
	if p.ReadOnly == nil || !p.ReadOnly.AllowDeletes || p.ReadOnly.ReadOnly {
		t.Errorf("read_only is %+v", p.ReadOnly)
	}
	if p.NameCheck == nil || p.NameCheck.MaxLengthBytes != 10 || p.ListEndpoints == nil || p.DomainRemap == nil {
		t.Errorf("filters are %+v", p)
	}
	c = defaultConfig()
	p = pipeline.Config{}
	c.Filters.addTo(&p)
	if p.RateLimit != nil || p.ReadOnly != nil || p.NameCheck != nil || p.ListEndpoints != nil || p.DomainRemap != nil || p.CrossDomain != nil {
		t.Errorf("filters that are off by default: %+v", p)
	}
}

func TestConfigHostsOfSwift(t *testing.T) {
	c := defaultConfig()
	c.PublicURL = "https://public.example.net:8443"
	if c.swiftHosts()("anything.org") {
		t.Error("by default no host belongs to Swift alone")
	}
	c.Filters.DomainRemap.StorageDomains = []string{"example.com"}
	c.Filters.CNAMELookup.StorageDomains = []string{"example.com"}
	for host, want := range map[string]bool{
		"a.example.com": true, "mine.org:80": true, "public.example.net": false, "localhost:8080": false, "127.0.0.1": false, "example.com": false,
	} {
		if got := c.swiftHosts()(host); got != want {
			t.Errorf("%s: %v, want %v", host, got, want)
		}
	}
	var p pipeline.Config
	c.Filters.CNAMELookup.Nameservers = []string{"nobody"}
	if err := c.addCNAMELookup(&p); !errors.Is(err, errUsage) {
		t.Errorf("a name server that is none: %v", err)
	}
	c.Filters.CNAMELookup.Nameservers = []string{"192.0.2.1"}
	if err := c.addCNAMELookup(&p); err != nil || p.CNAMELookup == nil || p.CNAMELookup.Resolver == nil {
		t.Errorf("cname_lookup: %v, %+v", err, p.CNAMELookup)
	}
}

func TestGlanceConfig(t *testing.T) {
	f := func(text, wantError string) {
		t.Helper()
		c, err := loadConfig(writeConfig(t, text))
		if err == nil {
			err = c.validate()
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
	off := (&storage{}).imageLimit(Config{Glance: GlanceConfig{ImageSizeTotal: 7, ImageCountTotal: -1}})
	if n, err := off(t.Context(), "", "image_size_total"); n != 7 || err != nil {
		t.Errorf("limit %d, %v", n, err)
	}
}
