// SPDX-License-Identifier: Apache-2.0

package glance

import (
	"needletail/proxy/glance/wire"
	"needletail/proxy/web"
)

// deactivateImage is POST /v2/images/{image}/actions/deactivate.
func (s *service) deactivateImage(c *call) (*web.Response, error) {
	return s.switchStatus(c, "deactivate", statusActive, statusDeactivated)
}

// reactivateImage is POST /v2/images/{image}/actions/reactivate.
func (s *service) reactivateImage(c *call) (*web.Response, error) {
	return s.switchStatus(c, "reactivate", statusDeactivated, statusActive)
}

// switchStatus takes an image from a status to a status. An image that has the
// new status already stays as it is. verb names the change in messages.
func (s *service) switchStatus(c *call, verb, from, to string) (*web.Response, error) {
	_, _, err := s.images.update(c.Context(), c.image.ID, func(m *image) error {
		switch m.Status {
		case to:
			return errUnchanged
		case from:
			m.Status, m.UpdatedMicros = to, s.nowMicros()
			return nil
		}
		return wire.Errorf(403, "Not allowed to %s image in status '%s'", verb, m.Status)
	})
	if err != nil {
		return nil, err
	}
	return wire.Empty(204), nil
}
