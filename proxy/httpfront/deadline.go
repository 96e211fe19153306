// SPDX-License-Identifier: Apache-2.0

package httpfront

import "time"

// rolled returns the new deadline for a wait of limit, and whether the deadline
// has moved. A deadline moves only after a quarter of its time has passed: each
// move costs about as much as a small read. Therefore a wait ends between 1 and
// 1.25 times its limit.
func rolled(at, now time.Time, limit time.Duration) (time.Time, bool) {
	latest := now.Add(limit + limit/4)
	if at.Before(now.Add(limit)) || at.After(latest) {
		return latest, true
	}
	return at, false
}

// rollRead permits the next read to wait for limit from now on.
func (c *conn) rollRead(now time.Time, limit time.Duration) error {
	at, move := rolled(c.readAt, now, limit)
	if !move {
		return nil
	}
	return c.setReadDeadline(at)
}

// setReadDeadline ends reads at the given time.
func (c *conn) setReadDeadline(at time.Time) error {
	c.readAt = at
	return c.Conn.SetReadDeadline(at)
}

// rollWrite permits the next write to wait for limit. The write begins now.
func (c *conn) rollWrite(limit time.Duration) error {
	now := time.Now()
	c.writing.Store(now.UnixNano())
	at, move := rolled(c.writeAt, now, limit)
	if !move {
		return nil
	}
	c.writeAt = at
	return c.Conn.SetWriteDeadline(at)
}
