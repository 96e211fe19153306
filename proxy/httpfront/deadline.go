package httpfront

import "time"

// A rolling deadline is moved once a quarter of its time has gone, not with
// every read and write: each move costs about as much as a small read. So a
// wait ends between once and 1.25 times its limit.
func rolled(at, now time.Time, limit time.Duration) (time.Time, bool) {
	latest := now.Add(limit + limit/4)
	if at.Before(now.Add(limit)) || at.After(latest) {
		return latest, true
	}
	return at, false
}

// rollRead lets the next read wait for limit from now on.
func (c *conn) rollRead(now time.Time, limit time.Duration) error {
	at, move := rolled(c.readAt, now, limit)
	if !move {
		return nil
	}
	return c.setReadDeadline(at)
}

// setReadDeadline ends reads at that time and no later.
func (c *conn) setReadDeadline(at time.Time) error {
	c.readAt = at
	return c.Conn.SetReadDeadline(at)
}

// rollWrite lets the next write, which begins now, wait for limit.
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
