// SPDX-License-Identifier: Apache-2.0

package glance

import (
	"slices"
	"unicode/utf8"

	"needletail/proxy/glance/wire"
	"needletail/proxy/web"
)

// putTag is PUT /v2/images/{image}/tags/{tag}.
func (s *service) putTag(c *call) (*web.Response, error) {
	tag := c.vars[1]
	if utf8.RuneCountInString(tag) > maxNameChars || !utf8.ValidString(tag) {
		return nil, wire.Errorf(400, "A tag is valid UTF-8 of %d characters at most.", maxNameChars)
	}
	return s.changeTags(c, func(m *image) error {
		if slices.Contains(m.Tags, tag) {
			return errUnchanged
		}
		if len(m.Tags) >= maxTags {
			return overQuota("tags", len(m.Tags)+1, maxTags)
		}
		m.Tags = append(m.Tags, tag)
		return nil
	})
}

// deleteTag is DELETE /v2/images/{image}/tags/{tag}.
func (s *service) deleteTag(c *call) (*web.Response, error) {
	return s.changeTags(c, func(m *image) error {
		i := slices.Index(m.Tags, c.vars[1])
		if i < 0 {
			return &wire.Error{Status: 404}
		}
		m.Tags = slices.Delete(m.Tags, i, i+1)
		return nil
	})
}

// changeTags lets change alter the image, and answers 204. errUnchanged is no
// error.
func (s *service) changeTags(c *call, change func(*image) error) (*web.Response, error) {
	_, _, err := s.images.update(c.Context(), c.image.ID, func(m *image) error {
		if err := change(m); err != nil {
			return err
		}
		m.UpdatedMicros = s.nowMicros()
		return nil
	})
	if err != nil {
		return nil, err
	}
	return wire.Empty(204), nil
}
