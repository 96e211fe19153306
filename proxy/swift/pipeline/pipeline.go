// SPDX-License-Identifier: Apache-2.0

// Package pipeline puts Swift's features in order around the controllers. Each
// feature names the features that must see a request before, with reasons, in
// the package of the feature. A test holds the order to the reasons. The
// package has no behaviour of its own.
package pipeline

import (
	"fmt"
	"slices"

	"needletail/proxy/swift"
	"needletail/proxy/swift/feature"
	"needletail/proxy/swift/middleware/accountquotas"
	"needletail/proxy/swift/middleware/bulk"
	"needletail/proxy/swift/middleware/catcherrors"
	"needletail/proxy/swift/middleware/cnamelookup"
	"needletail/proxy/swift/middleware/containerquotas"
	"needletail/proxy/swift/middleware/containersync"
	"needletail/proxy/swift/middleware/copy"
	"needletail/proxy/swift/middleware/crossdomain"
	"needletail/proxy/swift/middleware/dlo"
	"needletail/proxy/swift/middleware/domainremap"
	"needletail/proxy/swift/middleware/etagquoter"
	"needletail/proxy/swift/middleware/formpost"
	"needletail/proxy/swift/middleware/gatekeeper"
	"needletail/proxy/swift/middleware/healthcheck"
	"needletail/proxy/swift/middleware/keystoneauth"
	"needletail/proxy/swift/middleware/listendpoints"
	"needletail/proxy/swift/middleware/namecheck"
	"needletail/proxy/swift/middleware/objectversioning"
	"needletail/proxy/swift/middleware/proxylogging"
	"needletail/proxy/swift/middleware/ratelimit"
	"needletail/proxy/swift/middleware/readonly"
	"needletail/proxy/swift/middleware/slo"
	"needletail/proxy/swift/middleware/staticweb"
	"needletail/proxy/swift/middleware/symlink"
	"needletail/proxy/swift/middleware/tempauth"
	"needletail/proxy/swift/middleware/tempurl"
	"needletail/proxy/swift/middleware/versionedwrites"
)

// features is the order in which features see a request. The first feature sees
// the request first and the response last. Every folder of
// proxy/swift/middleware is in the list.
var features = []*feature.Feature{
	&catcherrors.Feature,
	&gatekeeper.Feature,
	&healthcheck.Feature,
	&proxylogging.Feature,
	&cnamelookup.Feature,
	&domainremap.Feature,
	&namecheck.Feature,
	&etagquoter.Feature,
	&crossdomain.Feature,
	&tempurl.Feature,
	&formpost.Feature,
	&listendpoints.Feature,
	&bulk.Feature,
	&readonly.Feature,
	&ratelimit.Feature,
	&containersync.Feature,
	&tempauth.Feature,
	&keystoneauth.Feature,
	&staticweb.Feature,
	&copy.Feature,
	&containerquotas.Feature,
	&accountquotas.Feature,
	&dlo.Feature,
	&slo.Feature,
	&versionedwrites.Feature,
	&symlink.Feature,
	&objectversioning.Feature,
}

// Features returns the features in the order of the pipeline. The caller must
// not change them.
func Features() []*feature.Feature { return slices.Clone(features) }

// DefaultOptions returns the options of all features without a configuration.
// Each call returns fresh values.
func DefaultOptions() feature.Set {
	set := feature.Set{}
	for _, f := range features {
		set.Put(f, f.Defaults())
	}
	return set
}

// Config has the parts of a pipeline.
type Config struct {
	// Site is given to all features. New sets Totals.
	feature.Site
	// Options are the options of the features. A missing feature has its
	// defaults.
	Options feature.Set
	// Controllers answer requests that no feature answers: accounts,
	// containers, objects and /info.
	Controllers swift.Handler
}

func (c *Config) options(f *feature.Feature) feature.Options {
	if o, ok := c.Options[f.Name]; ok {
		return o
	}
	return f.Defaults()
}

// New returns all features around the controllers.
func New(c Config) (swift.Handler, error) {
	c.Totals = objectversioning.Totals(c.Store)
	h := c.Controllers
	for _, f := range slices.Backward(features) {
		wrap, err := c.options(f).Middleware(c.Site)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", f.Name, err)
		}
		if wrap != nil {
			h = wrap(h)
		}
	}
	return h, nil
}

// InfoSections returns the sections of the features in /info, in the order of
// the pipeline.
func InfoSections(c Config) []swift.InfoSection {
	var sections []swift.InfoSection
	for _, f := range features {
		sections = append(sections, c.options(f).Info(c.Site)...)
	}
	return sections
}
