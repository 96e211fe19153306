# SPDX-License-Identifier: Apache-2.0
"""Swift's own figures for statsd: one JSON request [method, path, body, status,
length of the answer, index of the policy or ""] per line on standard input, one
JSON null per line on standard output after the figures are sent. Arguments: host,
port and prefix of the statsd."""
import io
import json
import sys

from swift.common.middleware import proxy_logging
from swift.common.swob import Request


class App(object):
    """The pipeline behind: gives the answer that the question names."""

    def __call__(self, env, start_response):
        env["wsgi.input"].read()
        headers = [("Content-Length", str(self.length))]
        if self.policy:
            headers.append(("X-Backend-Storage-Policy-Index", self.policy))
        start_response("%d X" % self.status, headers)
        return [b"x" * self.length] if env["REQUEST_METHOD"] != "HEAD" else []


app = App()
logged = proxy_logging.filter_factory({
    "log_statsd_host": sys.argv[1], "log_statsd_port": sys.argv[2], "log_statsd_metric_prefix": sys.argv[3]})(app)

for line in sys.stdin:
    method, path, body, app.status, app.length, app.policy = json.loads(line)
    req = Request.blank(path, environ={"REQUEST_METHOD": method, "wsgi.input": io.BytesIO(body.encode())})
    for _ in logged(req.environ, lambda *args: None):
        pass
    print(json.dumps(None), flush=True)
