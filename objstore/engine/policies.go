// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"errors"

	"needletail/objstore"
)

var errOtherPolicies = errors.New("the storage policies of an open store keep their indexes and their numbers of copies and fragments")

// RenamePolicies gives the policies of an open store other names, another
// default and other deprecations. KindInvalid: the policies are not valid, or
// more differs.
func (e *Engine) RenamePolicies(policies objstore.Policies) error {
	err := policies.Validate()
	if err == nil && len(policies) != len(e.opts.Policies) {
		err = errOtherPolicies
	}
	for _, p := range policies {
		old, known := e.opts.Policies.ByIndex(p.Index)
		if !known || layoutOf(p) != layoutOf(old) {
			err = errors.Join(err, errOtherPolicies)
		}
	}
	if err != nil {
		return &objstore.Error{Kind: objstore.KindInvalid, Op: "rename policies", Err: err}
	}
	e.policies.Store(&policies)
	return nil
}
