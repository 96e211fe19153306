// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"context"
	"fmt"

	"needletail/objstore"
)

// refusal is the error of a request that servers refused, or that too few
// servers answered.
func (s *Store) refusal(ctx context.Context, c call, r *request, a *answer) error {
	if err := ctx.Err(); err != nil {
		return c.fail(objstore.KindUnavailable, context.Cause(ctx))
	}
	cause := a.err(r.server, r.method)
	kind := kindOf(r.server, a.status)
	if kind == objstore.KindUnavailable {
		s.metrics.QuorumMissed(r.server, r.method)
	}
	return c.fail(kind, cause)
}

// kindOf is the kind of a status. A 409 of a container server depends on the
// request and is not here.
func kindOf(server Server, status int) objstore.Kind {
	switch status {
	case statusNotFound, statusGone:
		return objstore.KindNotFound
	case statusConflict:
		return objstore.KindConflict
	case statusPrecondition:
		if server == ObjectServer {
			return objstore.KindPrecondition
		}
		return objstore.KindInvalid // a name that the servers do not take
	case statusMismatch:
		return objstore.KindETagMismatch
	case statusNoSpace:
		return objstore.KindNoSpace
	case statusTimeout, statusClosed:
		return objstore.KindUnavailable // the node's complaint about the proxy
	}
	if status >= statusBadRequest && status < statusInternal {
		return objstore.KindInvalid
	}
	return objstore.KindUnavailable
}

// err is the answer as the cause of an error.
func (a *answer) err(server Server, method string) error {
	if a.node.Device == nil {
		if a.status == statusUnavailable {
			return fmt.Errorf("%s: too few %s servers answered", method, server)
		}
		return fmt.Errorf("%s: status %d", method, a.status)
	}
	return &answerError{node: a.node.String(), method: method, status: a.status, text: a.text}
}
