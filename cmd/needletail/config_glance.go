package main

import (
	"fmt"
	"net/netip"
	"slices"

	"needletail/proxy/glance"
	"needletail/proxy/glance/webdownload"
)

// GlanceConfig is about the Image API: the [glance] of the file. Its keys are
// Glance's own options.
type GlanceConfig struct {
	// EnabledImportMethods are the ways to import an image.
	EnabledImportMethods []string `toml:"enabled_import_methods"`
	// RequireImageFormatMatch refuses data that is not what disk_format says.
	RequireImageFormatMatch bool `toml:"require_image_format_match"`
	// GPTChecksNonfatal with "mbr" accepts disks whose partition table breaks the
	// rules.
	GPTChecksNonfatal []string `toml:"gpt_safety_checks_nonfatal"`

	// ShowMultipleLocations and ShowImageDirectURL show where the bytes of an
	// image lie, and the former lets admins make bytes that lie in place an
	// image's. DefaultSwiftReference stands in these URLs.
	ShowMultipleLocations bool   `toml:"show_multiple_locations"`
	ShowImageDirectURL    bool   `toml:"show_image_direct_url"`
	DefaultSwiftReference string `toml:"default_swift_reference"`

	// UseKeystoneLimits has the limits that the built-in Keystone keeps for the
	// service of type image go before the four below, and those of an external
	// one with an [oslo_limit] take their place.
	UseKeystoneLimits bool `toml:"use_keystone_limits"`
	// What each project may use; -1 is without limit. Sizes are MiB.
	ImageSizeTotal      int64 `toml:"image_size_total"`
	ImageStageTotal     int64 `toml:"image_stage_total"`
	ImageCountTotal     int64 `toml:"image_count_total"`
	ImageCountUploading int64 `toml:"image_count_uploading"`

	Import ImportFilterConfig `toml:"import_filtering_opts"`
}

// ImportFilterConfig is which URIs web-download may fetch. Of a pair, the
// disallowed list counts only if the allowed one is empty.
type ImportFilterConfig struct {
	AllowedSchemes    []string `toml:"allowed_schemes"`
	DisallowedSchemes []string `toml:"disallowed_schemes"`
	AllowedHosts      []string `toml:"allowed_hosts"`
	DisallowedHosts   []string `toml:"disallowed_hosts"`
	AllowedPorts      []int    `toml:"allowed_ports"`
	DisallowedPorts   []int    `toml:"disallowed_ports"`
	// AllowedNetworks are reached although their addresses are private, shared,
	// loopback, link-local or otherwise special; in CIDR form.
	AllowedNetworks []string `toml:"allowed_networks"`
}

// importMethods are those that there are.
var importMethods = []string{"glance-direct", "web-download", "copy-image"}

// partitionCheck is Glance's name for the one check that may fail.
const partitionCheck = "mbr"

func defaultGlance() GlanceConfig {
	d := webdownload.DefaultFilter()
	return GlanceConfig{
		EnabledImportMethods: slices.Clone(importMethods), RequireImageFormatMatch: true,
		UseKeystoneLimits: true, DefaultSwiftReference: "ref1",
		ImageSizeTotal: glance.Unlimited, ImageStageTotal: glance.Unlimited,
		ImageCountTotal: glance.Unlimited, ImageCountUploading: glance.Unlimited,
		Import: ImportFilterConfig{AllowedSchemes: d.AllowedSchemes, AllowedPorts: d.AllowedPorts},
	}
}

func (g *GlanceConfig) validate() error {
	for _, m := range g.EnabledImportMethods {
		if !slices.Contains(importMethods, m) {
			return fmt.Errorf("enabled_import_methods: there is no method %q", m)
		}
	}
	for _, check := range g.GPTChecksNonfatal {
		if check != partitionCheck {
			return fmt.Errorf("gpt_safety_checks_nonfatal: there is no check %q", check)
		}
	}
	for resource, limit := range g.limits() {
		if limit < glance.Unlimited {
			return fmt.Errorf("%s is under -1", resource)
		}
	}
	if _, err := g.Import.filter(); err != nil {
		return fmt.Errorf("import_filtering_opts.allowed_networks: %w", err)
	}
	return nil
}

func (g *GlanceConfig) limits() map[string]int64 {
	return map[string]int64{
		"image_size_total": g.ImageSizeTotal, "image_stage_total": g.ImageStageTotal,
		"image_count_total": g.ImageCountTotal, "image_count_uploading": g.ImageCountUploading,
	}
}

func (f *ImportFilterConfig) filter() (webdownload.Filter, error) {
	out := webdownload.Filter{
		AllowedSchemes: f.AllowedSchemes, DisallowedSchemes: f.DisallowedSchemes,
		AllowedHosts: f.AllowedHosts, DisallowedHosts: f.DisallowedHosts,
		AllowedPorts: f.AllowedPorts, DisallowedPorts: f.DisallowedPorts,
	}
	for _, text := range f.AllowedNetworks {
		network, err := netip.ParsePrefix(text)
		if err != nil {
			return out, err
		}
		if network.Addr().Is4In6() { // would match nothing: such addresses are judged as IPv4
			return out, fmt.Errorf("%s is IPv4 written as IPv6", text)
		}
		out.AllowedNetworks = append(out.AllowedNetworks, network)
	}
	return out, nil
}
