// SPDX-License-Identifier: Apache-2.0

package glance

import (
	"context"
	"fmt"

	"needletail/proxy/glance/wire"
	"needletail/proxy/pyjson"
	"needletail/proxy/web"
)

// The limited resources, under their names in Keystone's limits
// (glance/quota/keystone.py). Sizes are MiB, rounded down.
const (
	quotaSize      = "image_size_total"      // data of images
	quotaStage     = "image_stage_total"     // data that waits for an import
	quotaCount     = "image_count_total"     // images
	quotaUploading = "image_count_uploading" // images whose data is on its way
)

// Quotas has the limited resources, in the order of GET /v2/info/usage.
var Quotas = []string{quotaSize, quotaStage, quotaCount, quotaUploading}

// Unlimited is the limit of a resource without a limit (oslo.limit).
const Unlimited = -1

// LimitFunc returns how much of a resource a project may use. Each use calls the
// function, and so the function must be quick.
type LimitFunc func(ctx context.Context, project, resource string) (int64, error)

const mebi = 1 << 20

// used returns how much of each resource a project uses now.
func (c *catalog) used(project string) map[string]int64 {
	var size, stage, count, uploading int64
	for _, m := range c.each() {
		if m.Owner == nil || *m.Owner != project {
			continue
		}
		count++
		switch {
		case m.receives():
			uploading++
		case m.Staged != nil:
			uploading++
			stage += m.Staged.SizeBytes
		case m.SizeBytes != nil:
			size += *m.SizeBytes
		}
	}
	return map[string]int64{quotaSize: size / mebi, quotaStage: stage / mebi, quotaCount: count, quotaUploading: uploading}
}

// limitOf returns the limit of the caller's project. The error is 503 if the
// limit cannot be had.
func (s *service) limitOf(c *call, resource string) (int64, error) {
	if s.Limit == nil {
		return Unlimited, nil
	}
	limit, err := s.Limit(c.Context(), c.caller.project, resource)
	if err != nil {
		return 0, &wire.Error{Status: 503, Err: fmt.Errorf("limit of %s: %w", resource, err)}
	}
	return limit, nil
}

// mayUse refuses delta more of a resource if the project then exceeds the limit.
// As in Glance, an upload of unknown length asks for a delta of 0, and so may
// exceed the limit.
func (s *service) mayUse(c *call, resource string, delta int64) error {
	project := c.caller.project
	limit, err := s.limitOf(c, resource)
	if err != nil {
		return err
	}
	if limit == Unlimited {
		return nil
	}
	used := s.images.used(project)[resource]
	if used+delta <= limit {
		return nil
	}
	return wire.Errorf(413, "The request returned a 413 Request Entity Too Large. This generally means that rate limiting or a "+
		"quota threshold was breached.\n\nThe response body:\nProject %s is over a limit for [Resource %s is over limit of %d "+
		"due to current usage %d and delta %d]", project, resource, limit, used, delta)
}

// infoUsage is GET /v2/info/usage. Without any limit the usage is empty.
func (s *service) infoUsage(c *call) (*web.Response, error) {
	usage, limited := pyjson.Object{}, false
	used := s.images.used(c.caller.project)
	for _, resource := range Quotas {
		limit, err := s.limitOf(c, resource)
		if err != nil {
			return nil, err
		}
		limited = limited || limit != Unlimited
		usage = append(usage, pyjson.Member{Key: resource, Value: pyjson.Object{
			{Key: "usage", Value: used[resource]}, {Key: "limit", Value: limit},
		}})
	}
	if !limited {
		usage = pyjson.Object{}
	}
	return wire.JSON(200, pyjson.Object{{Key: "usage", Value: usage}}), nil
}
