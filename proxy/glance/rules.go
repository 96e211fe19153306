// SPDX-License-Identifier: Apache-2.0

package glance

import "needletail/proxy/glance/wire"

// rule is the question that a route asks before the handler runs. The zero value
// denies.
type rule uint8

const (
	ruleDeny rule = iota
	// ruleToken asks for a valid token. The handler decides which rows the caller
	// sees.
	ruleToken
	// ruleMember asks for a caller who may write: a member of a project, or an
	// admin.
	ruleMember
	// ruleAdmin asks for an admin.
	ruleAdmin
	// ruleSee asks for an image that the caller may see.
	ruleSee
	// ruleUse asks for an image that the caller may see, and for a caller who may
	// write: a caller with a reading role does not get the data of images.
	ruleUse
	// ruleManage asks for an image of the caller's project and a caller who may
	// write, or for an admin.
	ruleManage
)

// allow returns nil if the rule lets the caller pass. An image that the caller
// may not see is absent (errNoImage); else the refusal is 403. m is nil on a
// route without an image.
func (u rule) allow(c caller, m *image, action string) error {
	switch u {
	case ruleToken:
		return nil
	case ruleAdmin:
		if c.admin {
			return nil
		}
	case ruleMember:
		if c.writes {
			return nil
		}
	case ruleSee, ruleUse, ruleManage:
		if m == nil || !c.sees(m) {
			return errNoImage
		}
		if u == ruleSee || u == ruleUse && c.writes || c.manages(m) {
			return nil
		}
	}
	return wire.Errorf(403, "You are not authorized to complete %s action.", action)
}
