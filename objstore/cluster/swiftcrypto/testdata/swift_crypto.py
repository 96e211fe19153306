# SPDX-License-Identifier: Apache-2.0
"""Plays requests to Swift's filters keymaster and encryption.

Each line of the input is a JSON object; each line of the output is the answer.
Bytes travel as base64, header values as Latin-1.
"""
import base64
import json
import sys
from urllib.parse import quote

from swift.common.middleware.crypto import filter_factory
from swift.common.middleware.crypto.keymaster import KeyMaster
from swift.common.swob import Request, Response


class App(object):
    """Stands for the proxy server."""

    def __init__(self, line):
        self.line = line
        self.sent = {}

    def __call__(self, env, start_response):
        req = Request(env)
        if req.method in ('PUT', 'POST'):
            footers = {}
            body = b''
            if req.method == 'PUT':
                body = env['wsgi.input'].read()
                if 'swift.callback.update_footers' in env:
                    env['swift.callback.update_footers'](footers)
            self.sent = {
                'headers': {k: v for k, v in req.headers.items() if k.lower().startswith('x-object-')},
                'footers': dict(footers),
                'body': base64.b64encode(body).decode(),
            }
            return Response(status=201)(env, start_response)
        self.sent = {'conditions': {
            k: req.headers[k] for k in ('If-Match', 'If-None-Match', 'X-Backend-Etag-Is-At') if k in req.headers}}
        body = base64.b64decode(self.line.get('body', ''))
        res = Response(body=body, conditional_response=True, headers=self.line.get('headers', {}), request=req)
        return res(env, start_response)


def play(line):
    app = App(line)
    conf = {'encryption_root_secret' + ('_' + k if k else ''): v for k, v in line['secrets'].items()}
    conf['active_root_secret_id'] = line.get('active', '')
    conf['meta_version_to_write'] = line.get('version', '')
    pipeline = KeyMaster(filter_factory({})(app), conf)
    headers = line.get('request', {})
    req = Request.blank(quote(line['path']), environ={'REQUEST_METHOD': line['method']}, headers=headers,
                        body=base64.b64decode(line['body']) if line['method'] == 'PUT' else None)
    res = req.get_response(pipeline)
    body = res.body
    out = dict(app.sent)
    if line['method'] in ('GET', 'HEAD'):
        out['body'] = base64.b64encode(body).decode()
        out['headers'] = dict(res.headers.items())
    out['status'] = res.status_int
    return out


for text in sys.stdin:
    print(json.dumps(play(json.loads(text))), flush=True)
