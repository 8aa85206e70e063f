// SPDX-License-Identifier: Apache-2.0
// How each proxy's shipped configuration is broken in each way that it can be, and what doctor must say then. The table
// of docs/howto/doctor.md is made from this one.

// In the proxy's own words: replaced in the shipped text. null: this proxy cannot be broken so.
const inLocation = (lines) => [['        gzip off;\n', `        gzip off;\n        ${lines}\n`]];
const inReverseProxy = (lines) => [['flush_interval -1', `flush_interval -1\n\t\t${lines}`]];
const inFrontend = (lines) => [['    default_backend natter\n', `    ${lines}\n    default_backend natter\n`]];
const inHost = (lines) => [['    SetEnv no-gzip 1\n', `    SetEnv no-gzip 1\n    ${lines}\n`]];

const without = (pattern) => [[pattern, '']];

const headerRow = (fault, name, verdict, isBack) => ({
    fault,
    title: `${name} is dropped on the way ${isBack ? 'back' : 'to natter'}`,
    verdict,
    edits: {
        nginx: inLocation(isBack ? `proxy_hide_header ${name};` : `proxy_set_header ${name} "";`),
        caddy: isBack ? null : inReverseProxy(`header_up -${name}`), // what comes back with 101 it leaves alone
        haproxy: inFrontend(isBack ? `http-response del-header ${name}` : `http-request del-header ${name}`),
        apache: isBack ? null : inHost(`RequestHeader unset ${name}`), // the same
    },
});

/** `fault`: doctor's word. `verdict`: how it counts. `cut`: idle connections are looked at. */
export const faults = [
    {
        fault: 'natter_unreached',
        title: 'natter does not run, or not where the proxy looks',
        verdict: 'fail',
        isDown: true,
        edits: { nginx: [], caddy: [], haproxy: [], apache: [] },
    },
    {
        fault: 'not_natter',
        title: 'the path does not lead to natter',
        verdict: 'fail',
        edits: {
            nginx: [['location / {', 'location /elsewhere/ {']],
            caddy: [['reverse_proxy 127', 'reverse_proxy /elsewhere/* 127']],
            haproxy: inFrontend('http-request return status 404 unless { path_beg /elsewhere/ }'),
            apache: [['ProxyPass / http://127.0.0.1:8080/', 'ProxyPass /elsewhere/ http://127.0.0.1:8080/']],
        },
    },
    {
        fault: 'redirected',
        title: 'the address is redirected',
        verdict: 'fail',
        edits: {
            nginx: [['proxy_pass http://natter;', 'return 301 https://elsewhere.example$request_uri;']],
            caddy: [['reverse_proxy 127', 'redir https://elsewhere.example{uri} 301\n\treverse_proxy 127']],
            haproxy: inFrontend('http-request redirect prefix https://elsewhere.example code 301'),
            apache: [['ProxyPass / ', 'Redirect 301 / https://elsewhere.example/\n    ProxyPass /never/ ']],
        },
    },
    {
        fault: 'prefix_kept',
        title: 'the folder stays in the path',
        verdict: 'fail',
        place: 'subpath',
        edits: {
            nginx: [['proxy_pass http://natter/;', 'proxy_pass http://natter;']],
            caddy: [['handle_path', 'handle']],
            haproxy: without(/ *http-request replace-path.*\n/),
            apache: [['http://127.0.0.1:8080/ upgrade', 'http://127.0.0.1:8080/chat/ upgrade']],
        },
    },
    {
        fault: 'http_1_0',
        title: 'HTTP/1.0 towards natter',
        verdict: 'fail',
        edits: {
            nginx: [['proxy_http_version 1.1', 'proxy_http_version 1.0']],
            caddy: null,
            haproxy: null,
            apache: inHost('SetEnv force-proxy-request-1.0 1'),
        },
    },
    {
        fault: 'upgrade_dropped',
        title: '`Upgrade` is dropped',
        verdict: 'fail',
        edits: {
            nginx: without(/ *proxy_set_header Upgrade .*\n *proxy_set_header Connection .*\n/),
            caddy: inReverseProxy('header_up -Upgrade'),
            haproxy: inFrontend('http-request del-header Upgrade'),
            apache: without(' upgrade=websocket'),
        },
    },
    {
        fault: 'connection_dropped',
        title: '`Connection: Upgrade` is dropped',
        verdict: 'fail',
        edits: {
            nginx: [[/proxy_set_header Connection .*;/, 'proxy_set_header Connection close;']],
            caddy: inReverseProxy('header_up Connection close'),
            haproxy: null,
            apache: null,
        },
    },
    {
        fault: 'origin_refused',
        title: '`Host` is changed (where natter trusts the proxy, `X-Forwarded-Host` makes up for it)',
        verdict: 'fail',
        isStrangerToNatter: true,
        others: ['forwarded_not_believed'],
        edits: {
            nginx: [['$http_host', 'natter']],
            caddy: inReverseProxy('header_up Host {upstream_hostport}'),
            haproxy: inFrontend('http-request set-header Host natter.internal'),
            apache: [['ProxyPreserveHost On', 'ProxyPreserveHost Off']],
        },
    },
    {
        fault: 'forwarded_missing',
        title: "the client's address is not told",
        verdict: 'warn',
        edits: {
            nginx: without(/ *proxy_set_header X-Forwarded-For .*\n/),
            caddy: inReverseProxy('header_up -X-Forwarded-For'),
            haproxy: without(/ *option forwardfor\n/),
            apache: inHost('ProxyAddHeaders Off'),
        },
    },
    {
        fault: 'forwarded_not_believed',
        title: 'natter does not trust the proxy',
        verdict: 'warn',
        isStrangerToNatter: true,
        edits: { nginx: [], caddy: [], haproxy: [], apache: [] },
    },
    {
        fault: 'scheme_missing',
        title: 'TLS is not told',
        verdict: 'warn',
        edits: {
            nginx: without(/ *proxy_set_header X-Forwarded-Proto .*\n/),
            caddy: inReverseProxy('header_up -X-Forwarded-Proto'),
            haproxy: without(/ *http-request set-header X-Forwarded-Proto .*\n/),
            apache: without(/ *RequestHeader set X-Forwarded-Proto .*\n/),
        },
    },
    headerRow('protocol_eaten', 'Sec-WebSocket-Protocol', 'fail', false),
    headerRow('protocol_eaten', 'Sec-WebSocket-Protocol', 'fail', true),
    headerRow('extensions_eaten', 'Sec-WebSocket-Extensions', 'warn', false),
    headerRow('extensions_eaten', 'Sec-WebSocket-Extensions', 'warn', true),
    {
        fault: 'compressed_again',
        title: 'the proxy compresses what natter has compressed',
        verdict: 'warn',
        edits: {
            nginx: [['gzip off;', 'gzip on; gzip_min_length 1; proxy_set_header Accept-Encoding "";']],
            caddy: [['reverse_proxy 127', 'encode gzip {\n\t\tminimum_length 1\n\t}\n\treverse_proxy 127']].concat(
                inReverseProxy('header_up -Accept-Encoding'),
            ),
            haproxy: inFrontend('compression algo gzip\n    compression type text/html\n    compression offload'),
            apache: [
                ['SetEnv no-gzip 1', 'SetEnv force-gzip 1\nSetOutputFilter DEFLATE'],
                ['RequestHeader set', 'RequestHeader unset Accept-Encoding\n    RequestHeader set'],
            ],
        },
    },
    {
        fault: 'idle_cut',
        title: 'silent connections are cut before the heartbeat',
        verdict: 'fail',
        cut: true,
        edits: {
            nginx: [['proxy_read_timeout 75s', 'proxy_read_timeout 2s']],
            caddy: inReverseProxy('transport http {\n\t\t\tread_timeout 2s\n\t\t}'),
            haproxy: [['timeout tunnel  75s', 'timeout tunnel 2s']],
            apache: [['ProxyTimeout 75', 'ProxyTimeout 2\nTimeout 2']],
        },
    },
    {
        fault: 'tls_name',
        title: 'the certificate is for another name',
        verdict: 'fail',
        certificate: { names: ['DNS:elsewhere.example'] },
        edits: { nginx: [], caddy: [], haproxy: [], apache: [] },
    },
    {
        fault: 'tls_time',
        title: 'the certificate has ended',
        verdict: 'fail',
        certificate: { hasEnded: true },
        edits: { nginx: [], caddy: [], haproxy: [], apache: [] },
    },
    {
        fault: 'tls_expires_soon',
        title: 'the certificate ends soon',
        verdict: 'warn',
        certificate: { days: 5 },
        edits: { nginx: [], caddy: [], haproxy: [], apache: [] },
    },
    {
        fault: 'tls_chain',
        title: 'nobody vouches for the certificate',
        verdict: 'fail',
        isStranger: true,
        edits: { nginx: [], caddy: [], haproxy: [], apache: [] },
    },
];

/** The table of docs/howto/doctor.md. */
export function faultTable() {
    const names = ['nginx', 'caddy', 'haproxy', 'apache'];
    const rows = faults.map(({ fault, title, verdict, edits }) => {
        const cells = names.map((name) => (edits[name] === null ? '–' : 'found'));
        return `| ${title} | \`${fault}\` | ${verdict} | ${cells.join(' | ')} |`;
    });
    return [
        '| what is wrong | doctor says | counts as | Nginx | Caddy | HAProxy | Apache |',
        '| --- | --- | --- | --- | --- | --- | --- |',
        ...rows,
    ].join('\n');
}
