// SPDX-License-Identifier: Apache-2.0

package glance

import (
	"context"
	"errors"
	"slices"

	"needletail/proxy/glance/wire"
	"needletail/proxy/pyjson"
	"needletail/proxy/web"
)

// importRequest is the body of an import, checked.
type importRequest struct {
	body   pyjson.Object
	method string
	uri    string // the source of a download
}

// importImage is POST /v2/images/{image}/import. The answer is 202; a task tells
// the outcome.
func (s *service) importImage(c *call) (*web.Response, error) {
	req, err := s.readImport(c)
	if err != nil {
		return nil, err
	}
	if err := s.mayUse(c, quotaSize, 0); err != nil {
		return nil, err
	}
	if err := mayImport(c, req.method, c.image); err != nil {
		return nil, err
	}
	switch req.method {
	case methodDownload:
		err = s.importDownload(c, req)
	default:
		err = s.importStaged(c, req)
	}
	if err != nil {
		return nil, err
	}
	return wire.Empty(202), nil
}

// readImport reads the body, and makes the checks that need no image
// (glance/api/v2/images.py RequestDeserializer.import_image).
func (s *service) readImport(c *call) (importRequest, error) {
	body, err := wire.ReadObject(c.Request)
	if err != nil {
		return importRequest{}, err
	}
	method, ok := body.Get("method").(pyjson.Object)
	if !ok {
		return importRequest{}, wire.Errorf(400, "Import request requires a 'method' field.")
	}
	req := importRequest{body: body}
	if req.method, ok = method.Get("name").(string); !ok {
		return importRequest{}, wire.Errorf(400, "Import request requires a 'name' field.")
	}
	req.uri, _ = method.Get("uri").(string)
	if !slices.Contains(s.ImportMethods, req.method) {
		return importRequest{}, wire.Errorf(400, "Unknown import method name '%s'.", wire.Cut(req.method))
	}
	for _, key := range []string{"all_stores_must_succeed", "all_stores"} {
		if v := body.Get(key); v != nil && v != true && v != false {
			return importRequest{}, wire.Errorf(400, "'%s' must be boolean value only", key)
		}
	}
	if body.Get("all_stores_must_succeed") == false {
		return importRequest{}, wire.Errorf(400, "All_stores_must_succeed can only be set with enabled_backends %s", wire.Cut(req.uri))
	}
	return req, nil
}

// mayImport asks Glance's questions about the image, in Glance's order.
func mayImport(c *call, method string, m *image) error {
	switch {
	case method == methodCopy && m.Status != statusActive:
		return wire.Errorf(409, "Only images with status active can be targeted for copying")
	case method == methodCopy && !c.caller.admin:
		return wire.Errorf(403, "You are not authorized to complete copy_image action.")
	case method == methodCopy:
		return wire.Errorf(400, "Image is already present at store 'None'")
	}
	return mayTakeImport(method, m)
}

// mayTakeImport refuses an image that is not ready for an import by the method.
func mayTakeImport(method string, m *image) error {
	switch {
	case m.Status == statusActive:
		return wire.Errorf(409, "Image with status active cannot be target for import")
	case method == methodDownload && m.Status != statusQueued:
		return wire.Errorf(409, "Image needs to be in 'queued' state to use '%s' method", method)
	case method == methodDirect && m.Status != statusUploading:
		return wire.Errorf(409, "Image needs to be staged before '%s' method can be used", method)
	case m.ContainerFormat == nil:
		return wire.Errorf(409, "'container_format' needs to be set before import")
	case m.DiskFormat == nil:
		return wire.Errorf(409, "'disk_format' needs to be set before import")
	case method == methodDirect && m.Staged == nil:
		return wire.Errorf(409, "Image has active task")
	}
	return nil
}

// importStaged gives the staged data to the image. Data of a refused format is
// removed, and the image is queued again; the task alone tells the reason.
func (s *service) importStaged(c *call, req importRequest) error {
	t, err := s.tasks.Start(c.Context(), newImportTask(c, req, s.nowMicros()))
	if err != nil {
		return err
	}
	ctx := context.WithoutCancel(c.Context())
	_, _, err = s.images.update(ctx, c.image.ID, func(m *image) error {
		if err := mayTakeImport(req.method, m); err != nil {
			return err
		}
		m.UpdatedMicros = s.nowMicros()
		return s.activate(m, m.Staged)
	})
	var f *wire.Error
	if errors.As(err, &f) && f.Status == 415 {
		s.images.requeue(ctx, c.image.ID, false)
		return s.endTask(ctx, t, err)
	}
	return errors.Join(err, s.endTask(ctx, t, err))
}

// importDownload starts a download of the URI in the background.
func (s *service) importDownload(c *call, req importRequest) error {
	if err := s.Fetcher.Check(req.uri); err != nil {
		return &wire.Error{Status: 400, Message: "URI for web-download does not pass filtering: " + wire.Cut(req.uri), Err: err}
	}
	in := intake{
		func(m *image) error { return mayTakeImport(req.method, m) }, statusImporting, quotaSize, s.activate,
	}
	id := c.image.ID
	release, ok := s.downloads.admit()
	if !ok {
		return wire.Busy("Too many imports are waiting.")
	}
	t, err := s.tasks.Start(c.Context(), newImportTask(c, req, s.nowMicros()))
	if err == nil {
		if err = s.begin(c.Context(), id, in); err != nil {
			err = errors.Join(err, s.endTask(c.Context(), t, err))
		}
	}
	if err != nil {
		release()
		return err
	}
	s.downloads.run(release, func(ctx context.Context) {
		s.endInBackground(ctx, t, s.download(ctx, id, in, req.uri))
	})
	return nil
}

// notFetched is the message of every download that failed outside of the site.
// The message does not tell whether the address was refused, was silent or
// answered 404: a user could explore the networks of the site with the answers.
const notFetched = "The URI does not pass filtering, or no image came from there. " +
	"Private networks are reached only if the operator names them in import_filtering_opts.allowed_networks."

// download fetches the data of an image in state "importing". A failure outside
// of the site is notFetched, and the log has the reason.
func (s *service) download(ctx context.Context, id string, in intake, uri string) error {
	err := s.fetch(ctx, id, in, uri)
	var f *wire.Error
	if err == nil || errors.As(err, &f) {
		return err
	}
	s.Logger.Info("a download failed", "image", id, "uri", wire.Cut(uri), "err", err)
	if f = asFailure(err); f != nil { // a failure of the Store
		return f
	}
	return &wire.Error{Status: 400, Message: notFetched, Err: err}
}

// fetch fetches the data and gives the data to the image. After a failure the
// image is queued again.
func (s *service) fetch(ctx context.Context, id string, in intake, uri string) error {
	body, sizeBytes, err := s.Fetcher.Fetch(ctx, uri)
	if err != nil {
		s.images.requeue(context.WithoutCancel(ctx), id, false)
		return err
	}
	defer body.Close()
	if sizeBytes > s.MaxImageBytes {
		s.images.requeue(context.WithoutCancel(ctx), id, false)
		return wire.Errorf(413, "Denying attempt to upload image larger than %d bytes.", s.MaxImageBytes)
	}
	return s.receive(ctx, id, in, body, sizeBytes)
}
