// SPDX-License-Identifier: Apache-2.0

package feature

import "needletail/proxy/swift"

// Plain returns the Defaults of a feature without options. With a nil info the
// feature has no section in /info.
func Plain(build func(Site) swift.Middleware, info func(Site) swift.InfoSection) func() Options {
	return func() Options { return &plain{build, info} }
}

type plain struct {
	build func(Site) swift.Middleware
	info  func(Site) swift.InfoSection
}

func (p *plain) Validate() error { return nil }

func (p *plain) Info(s Site) []swift.InfoSection {
	if p.info == nil {
		return nil
	}
	return []swift.InfoSection{p.info(s)}
}

func (p *plain) Middleware(s Site) (swift.Middleware, error) { return p.build(s), nil }
