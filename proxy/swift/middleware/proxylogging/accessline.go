package proxylogging

// AccessLine has what Swift's access line says of a request besides what the
// front knows of every request. Tokens and signatures in it are cut already.
type AccessLine struct {
	// ClientIP is the client's address as a proxy in front tells it, else the
	// peer's.
	ClientIP string
	// Path is percent-encoded and has the query.
	Path       string
	Referer    string
	UserAgent  string
	AuthToken  string // its beginning
	ClientETag string
	// PolicyIndex is that of the container's policy, decimal; "" for none.
	PolicyIndex string
}
