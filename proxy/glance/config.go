package glance

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"time"

	"needletail/auth"
	"needletail/auth/authtoken"
	"needletail/objstore"
	"needletail/proxy/glance/metadefs"
	"needletail/proxy/glance/webdownload"
	"needletail/proxy/web"
)

const (
	defaultContainer     = "glance"
	defaultMaxImageBytes = 1 << 40 // glance's image_size_cap
)

// Config is what New needs.
type Config struct {
	// Store keeps data and records. Required.
	Store objstore.Store
	// Validator says whom X-Auth-Token stands for. Required.
	Validator auth.TokenValidator
	// ServiceTokenRoles are those of services that may send expired tokens of
	// their users; nil means authtoken.DefaultServiceRoles. ServiceTokenRolesRequired
	// ignores service tokens without them.
	ServiceTokenRoles         []string
	ServiceTokenRolesRequired bool
	// ServiceAccount holds the image data: "AUTH_" and the id of the project
	// "service". Required.
	ServiceAccount objstore.AccountName
	// Container holds the image data within ServiceAccount; "" means "glance".
	Container objstore.ContainerName
	// PublicURL stands in the version document, such as
	// "http://host:8080/image"; "" means the URL that the client used.
	PublicURL string
	// KeystoneURL is quoted in the WWW-Authenticate of a 401.
	KeystoneURL string
	// MaxImageBytes is the longest image; 0 means 1 TiB.
	MaxImageBytes int64
	// ImportMethods are the ways to import; nil means what Glance has by
	// default.
	ImportMethods []string
	// Fetcher gets what web-download imports; nil means one with Glance's
	// default filter.
	Fetcher *webdownload.Fetcher
	// Limit is how much projects may use; nil means no limits.
	Limit LimitFunc
	// AnyFormat accepts data that is not what disk_format says (Glance's
	// require_image_format_match, turned off). Unsafe data is refused anyway.
	AnyFormat bool
	// AnyPartitions accepts disks whose partition table breaks the rules (Glance's
	// gpt_safety_checks_nonfatal with "mbr").
	AnyPartitions bool
	// ShowMultipleLocations shows images' "locations", and lets admins make data
	// that lies in place an image's.
	ShowMultipleLocations bool
	// ShowImageDirectURL shows "direct_url".
	ShowImageDirectURL bool
	// SwiftReference is in these URLs, "swift+config://REFERENCE/…": what the
	// site's glance-api calls the account; "" means "ref1".
	SwiftReference string
	// Now is the clock; nil means time.Now.
	Now func() time.Time
	// Logger hears of records that cannot be read and of data that could not
	// be removed; nil means slog.Default.
	Logger *slog.Logger
}

func (c *Config) setDefaults() error {
	if c.Store == nil || c.Validator == nil || c.ServiceAccount == "" {
		return errors.New("glance: Store, Validator and ServiceAccount are required")
	}
	if c.MaxImageBytes < 0 {
		return errors.New("glance: MaxImageBytes is negative")
	}
	if c.ServiceTokenRoles == nil {
		c.ServiceTokenRoles = authtoken.DefaultServiceRoles()
	}
	if c.Container == "" {
		c.Container = defaultContainer
	}
	if c.SwiftReference == "" {
		c.SwiftReference = "ref1"
	}
	if c.MaxImageBytes == 0 {
		c.MaxImageBytes = defaultMaxImageBytes
	}
	if c.ImportMethods == nil {
		c.ImportMethods = []string{methodDirect, methodDownload, methodCopy}
	}
	if c.Fetcher == nil {
		c.Fetcher = webdownload.New(webdownload.DefaultFilter())
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	c.PublicURL = strings.TrimSuffix(c.PublicURL, "/")
	return nil
}

// service is the handler.
type service struct {
	Config
	images    *catalog
	tasks     *taskBook
	metadefs  *metadefs.API
	downloads *downloads
}

// Handler serves the Image API. Close ends what runs in the background and
// waits for it; no request may follow.
type Handler interface {
	web.Handler
	Close() error
}

// New loads the records and gives the handler. Images whose data was on its way
// when the server stopped become "queued", and deletions that were cut short are
// ended.
func New(cfg Config) (Handler, error) {
	if err := cfg.setDefaults(); err != nil {
		return nil, err
	}
	data := objstore.ContainerID{Account: cfg.ServiceAccount, Container: cfg.Container}
	images, err := openCatalog(context.Background(), cfg.Store, data, cfg.Logger)
	if err != nil {
		return nil, err
	}
	tasks, err := openTasks(context.Background(), cfg.Store, cfg.Now, cfg.Logger)
	if err != nil {
		return nil, err
	}
	definitions, err := metadefs.Open(context.Background(), cfg.Store, cfg.Now, cfg.Logger)
	if err != nil {
		return nil, err
	}
	return &service{Config: cfg, images: images, tasks: tasks, metadefs: definitions, downloads: newDownloads()}, nil
}

// Close ends the downloads: their images are queued again.
func (s *service) Close() error {
	s.downloads.close()
	return nil
}

// nowMicros is the clock in microseconds since the Unix epoch.
func (s *service) nowMicros() int64 { return s.Now().UnixMicro() }
