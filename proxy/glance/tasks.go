package glance

import (
	"needletail/proxy/pyjson"
	"needletail/proxy/swift"
)

// listImageTasks is GET /v2/images/{image}/tasks.
func (s *service) listImageTasks(c *call) (*swift.Response, error) {
	views := pyjson.Array{}
	for _, t := range s.tasks.list(s.nowMicros(), func(t *task) bool { return t.ImageID == c.image.ID }) {
		views = append(views, t.rowView())
	}
	return jsonResponse(200, pyjson.Object{{Key: "tasks", Value: views}}), nil
}
