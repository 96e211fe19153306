// SPDX-License-Identifier: Apache-2.0

package ratelimit

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"time"

	"needletail/proxy/option"
	"needletail/proxy/pyjson"
	"needletail/proxy/swift"
	"needletail/proxy/swift/feature"
)

// Options bound how often clients may write and list. Rates are requests a
// second.
type Options struct {
	// Enabled turns the filter on.
	Enabled bool `toml:"enabled"`
	// AccountPerSecond is the rate of the PUTs and DELETEs of containers in an
	// account. 0: no limit.
	AccountPerSecond float64 `toml:"account_ratelimit"`
	// Containers are the rates of the writes of objects in a container, by the
	// number of the container's objects: { 100 = 50.0, 1000 = 10.0 }. Between
	// two sizes the rate lies on the line between the rates of the sizes. Below
	// the smallest size there is no limit.
	Containers map[string]float64 `toml:"container_ratelimit"`
	// ContainerListings are the rates of the listings of a container, in the
	// form of container_ratelimit.
	ContainerListings map[string]float64 `toml:"container_listing_ratelimit"`
	// MaxSleep is the longest wait of a request that comes too early. A request
	// with a longer wait gets 498. "0s" stands for the default.
	MaxSleep option.Duration `toml:"max_sleep_time"`
	// RateBuffer is how much unused time a client may save for a burst. "0s"
	// stands for the default.
	RateBuffer option.Duration `toml:"rate_buffer"`
	// Whitelist are the accounts without any limit.
	Whitelist []string `toml:"account_whitelist"`
	// Blacklist are the accounts without service: every request gets 497.
	Blacklist []string `toml:"account_blacklist"`
}

// DefaultOptions returns Swift's defaults.
func DefaultOptions() Options {
	return Options{MaxSleep: option.Duration(60 * time.Second), RateBuffer: option.Duration(5 * time.Second)}
}

func (o Options) withDefaults() Options {
	d := DefaultOptions()
	if o.MaxSleep <= 0 {
		o.MaxSleep = d.MaxSleep
	}
	if o.RateBuffer <= 0 {
		o.RateBuffer = d.RateBuffer
	}
	return o
}

// sizeRate is the rate of a container with a number of objects.
type sizeRate struct {
	objects   int64
	perSecond float64
}

// sizeRates returns the rates of an option, by growing number of objects.
func sizeRates(key string, rates map[string]float64) ([]sizeRate, error) {
	var list []sizeRate
	for objects, perSecond := range rates {
		n, err := strconv.ParseInt(objects, 10, 64)
		if err != nil || n < 0 || perSecond < 0 {
			return nil, fmt.Errorf("%s: %q = %g is no rate of a number of objects", key, objects, perSecond)
		}
		list = append(list, sizeRate{n, perSecond})
	}
	slices.SortFunc(list, func(a, b sizeRate) int { return cmp.Compare(a.objects, b.objects) })
	return list, nil
}

func (o Options) rates() (containers, listings []sizeRate, err error) {
	if containers, err = sizeRates("container_ratelimit", o.Containers); err != nil {
		return nil, nil, err
	}
	listings, err = sizeRates("container_listing_ratelimit", o.ContainerListings)
	return containers, listings, err
}

// Validate refuses rates for sizes that are not numbers of objects.
func (o Options) Validate() error {
	_, _, err := o.rates()
	return err
}

// Info returns the section of /info, or nil if the filter is off. The lists of
// accounts and rate_buffer are not shown.
func (o Options) Info(feature.Site) []swift.InfoSection {
	if !o.Enabled {
		return nil
	}
	o = o.withDefaults()
	containers, listings, _ := o.rates() // Validate accepts the options
	list := func(rates []sizeRate) pyjson.Array {
		a := pyjson.Array{}
		for _, r := range rates {
			a = append(a, pyjson.Array{r.objects, r.perSecond})
		}
		return a
	}
	return []swift.InfoSection{{Name: "ratelimit", Value: pyjson.Object{
		{Key: "account_ratelimit", Value: o.AccountPerSecond},
		{Key: "max_sleep_time_seconds", Value: time.Duration(o.MaxSleep).Seconds()},
		{Key: "container_ratelimits", Value: list(containers)},
		{Key: "container_listing_ratelimits", Value: list(listings)},
	}}}
}

// Middleware returns the filter, or nil if the filter is off.
func (o Options) Middleware(s feature.Site) (swift.Middleware, error) {
	if !o.Enabled {
		return nil, nil
	}
	return New(o, s.Store)
}
