// SPDX-License-Identifier: Apache-2.0

package config

import (
	"fmt"
	"net/netip"
	"slices"

	"needletail/proxy/glance"
	"needletail/proxy/glance/webdownload"
)

// Glance is about the Image API. The keys are Glance's own options.
type Glance struct {
	// EnabledImportMethods are the ways to import an image: "glance-direct",
	// "web-download", "copy-image".
	EnabledImportMethods []string `toml:"enabled_import_methods"`
	// RequireImageFormatMatch refuses data in a format that differs from
	// disk_format, as Glance does since 2025. An empty upload is no qcow2.
	RequireImageFormatMatch bool `toml:"require_image_format_match"`
	// GPTChecksNonfatal with "mbr" accepts disks whose partition table breaks the
	// rules.
	GPTChecksNonfatal []string `toml:"gpt_safety_checks_nonfatal"`

	// ShowMultipleLocations shows where the bytes of an image lie, and lets admins
	// turn stored bytes into an image.
	ShowMultipleLocations bool `toml:"show_multiple_locations"`
	// ShowImageDirectURL shows the URL of the bytes of an image.
	ShowImageDirectURL bool `toml:"show_image_direct_url"`
	// DefaultSwiftReference is the reference in the URLs of locations.
	DefaultSwiftReference string `toml:"default_swift_reference"`

	// UseKeystoneLimits lets limits in Keystone count before the four keys
	// below: the registered limits and the limits of projects for the service
	// of type image. With oslo_limit.endpoint_id only the limits of the
	// external Keystone count.
	UseKeystoneLimits bool `toml:"use_keystone_limits"`
	// ImageSizeTotal is how much all images of a project may take, in MiB. -1: no
	// limit.
	ImageSizeTotal int64 `toml:"image_size_total"`
	// ImageStageTotal is how much the staged data of a project may take, in MiB.
	// -1: no limit.
	ImageStageTotal int64 `toml:"image_stage_total"`
	// ImageCountTotal is how many images a project may have. -1: no limit.
	ImageCountTotal int64 `toml:"image_count_total"`
	// ImageCountUploading is how many images a project may upload at the same
	// time. -1: no limit.
	ImageCountUploading int64 `toml:"image_count_uploading"`

	Import ImportFilter `toml:"import_filtering_opts"`
}

// ImportFilter says which URIs web-download may fetch. Of two lists the
// disallowed list counts only if the allowed list is empty. The reason of a
// failed fetch stands in the log and not in the task.
type ImportFilter struct {
	// AllowedSchemes are the allowed schemes.
	AllowedSchemes []string `toml:"allowed_schemes"`
	// DisallowedSchemes are the forbidden schemes.
	DisallowedSchemes []string `toml:"disallowed_schemes"`
	// AllowedHosts are the allowed hosts.
	AllowedHosts []string `toml:"allowed_hosts"`
	// DisallowedHosts are the forbidden hosts.
	DisallowedHosts []string `toml:"disallowed_hosts"`
	// AllowedPorts are the allowed ports.
	AllowedPorts []int `toml:"allowed_ports"`
	// DisallowedPorts are the forbidden ports.
	DisallowedPorts []int `toml:"disallowed_ports"`
	// AllowedNetworks are networks in CIDR form from which web-download may fetch
	// although their addresses are private, shared, loopback, link-local or
	// special.
	AllowedNetworks []string `toml:"allowed_networks"`
}

// importMethods are all methods.
var importMethods = []string{"glance-direct", "web-download", "copy-image"}

// partitionCheck is Glance's name for the only check that may fail.
const partitionCheck = "mbr"

func defaultGlance() Glance {
	d := webdownload.DefaultFilter()
	return Glance{
		EnabledImportMethods: slices.Clone(importMethods), RequireImageFormatMatch: true,
		UseKeystoneLimits: true, DefaultSwiftReference: "ref1",
		ImageSizeTotal: glance.Unlimited, ImageStageTotal: glance.Unlimited,
		ImageCountTotal: glance.Unlimited, ImageCountUploading: glance.Unlimited,
		Import: ImportFilter{AllowedSchemes: d.AllowedSchemes, AllowedPorts: d.AllowedPorts},
	}
}

func (g *Glance) validate() error {
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
	for resource, limit := range g.Limits() {
		if limit < glance.Unlimited {
			return fmt.Errorf("%s is under -1", resource)
		}
	}
	if _, err := g.Import.Filter(); err != nil {
		return fmt.Errorf("import_filtering_opts.allowed_networks: %w", err)
	}
	return nil
}

// Limits returns what each project may use, by Glance's name of the resource.
func (g *Glance) Limits() map[string]int64 {
	return map[string]int64{
		"image_size_total": g.ImageSizeTotal, "image_stage_total": g.ImageStageTotal,
		"image_count_total": g.ImageCountTotal, "image_count_uploading": g.ImageCountUploading,
	}
}

// AnyPartitions reports whether disks with a wrong partition table are accepted.
func (g *Glance) AnyPartitions() bool { return slices.Contains(g.GPTChecksNonfatal, partitionCheck) }

// Filter returns the filter of web-download.
func (f *ImportFilter) Filter() (webdownload.Filter, error) {
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
		if network.Addr().Is4In6() { // matches no address: they are judged as IPv4
			return out, fmt.Errorf("%s is IPv4 written as IPv6", text)
		}
		out.AllowedNetworks = append(out.AllowedNetworks, network)
	}
	return out, nil
}
