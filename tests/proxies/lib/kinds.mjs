// SPDX-License-Identifier: Apache-2.0
// What differs between the four proxies: how a shipped configuration is fitted to a test (ports, certificates, user),
// and how the program is started and told to read it again. Each replacement must find its text: a shipped file that
// changed would otherwise be tested no more.
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { userInfo } from 'node:os';

const isRoot = userInfo().uid === 0;
const userOf = (names) => (isRoot ? names : '');

/** Debian keeps these out of a plain user's PATH. */
function find(name) {
    const folders = [...(process.env.PATH ?? '').split(':'), '/usr/sbin', '/usr/local/sbin', '/sbin'];
    return folders.map((folder) => join(folder, name)).find((path) => existsSync(path)) ?? null;
}

const nginx = {
    program: find('nginx'),
    files: { root: 'nginx/natter.conf', subpath: 'nginx/natter-subpath.conf' },
    fit: ({ port, backend, certificate }) => [
        [/^ *listen \[::\]:443.*\n/m, ''],
        ['listen 443 ssl http2', `listen 127.0.0.1:${port} ssl http2`],
        ['/etc/ssl/chat.example.org.pem', certificate.certificate],
        ['/etc/ssl/chat.example.org.key', certificate.key],
        ['server 127.0.0.1:8080', `server 127.0.0.1:${backend}`],
    ],
    wrap: (text, { folder }) =>
        [
            userOf('user root;'),
            `daemon off; worker_processes 1; pid ${folder}/nginx.pid; error_log ${folder}/nginx.log warn;`,
            'events { worker_connections 256; }',
            'http {',
            'access_log off;',
            ...['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
                (name) => `${name}_temp_path ${folder}/${name};`,
            ),
            text,
            '}',
        ].join('\n'),
    log: 'nginx.log',
    start: (file) => ['-c', file, '-e', 'stderr'],
    reload: ({ child }) => child.kill('SIGHUP'),
    stopSignal: 'SIGTERM',
};

const caddy = {
    program: find('caddy'),
    files: { root: 'caddy/Caddyfile', subpath: 'caddy/Caddyfile-subpath' },
    fit: ({ port, backend, certificate }) => [
        [
            'chat.example.org {',
            `https://127.0.0.1:${port} {\n\ttls ${certificate.certificate} ${certificate.key}\n`,
        ],
        ['127.0.0.1:8080', `127.0.0.1:${backend}`],
    ],
    wrap: (text, { folder }) =>
        `{\n\tadmin unix/${folder}/admin\n\tauto_https off\n\tdefault_sni 127.0.0.1\n}\n${text}`,
    environment: ({ folder }) => ({ HOME: folder, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder }),
    start: (file) => ['run', '--config', file, '--adapter', 'caddyfile'],
    reload: ({ file, folder, environment }) =>
        execFileSync(
            find('caddy'),
            ['reload', '--force', '--config', file, '--adapter', 'caddyfile', '--address', `unix/${folder}/admin`],
            { env: environment, stdio: 'ignore' },
        ),
    stopSignal: 'SIGTERM',
};

const haproxy = {
    program: find('haproxy'),
    files: { root: 'haproxy/haproxy.cfg', subpath: 'haproxy/haproxy-subpath.cfg' },
    fit: ({ port, backend, certificate }) => [
        [/^ *user haproxy\n *group haproxy\n/m, ''],
        ['maxconn 20000', 'maxconn 200'],
        ['bind :443', `bind 127.0.0.1:${port}`],
        ['/etc/haproxy/certificates/chat.example.org.pem', certificate.both],
        ['127.0.0.1:8080', `127.0.0.1:${backend}`],
    ],
    wrap: (text) => `${text}\n`,
    start: (file, { folder }) => ['-W', '-f', file, '-p', `${folder}/haproxy.pid`],
    reload: ({ child }) => child.kill('SIGUSR2'),
    stopSignal: 'SIGTERM',
};

const apacheModules = ['mpm_event', 'authz_core', 'ssl', 'proxy', 'proxy_http', 'headers', 'alias', 'env', 'deflate'];

const apache = {
    program: find('apache2'),
    files: { root: 'apache/natter.conf', subpath: 'apache/natter-subpath.conf' },
    modules: apacheModules,
    fit: ({ port, backend, certificate }) => [
        ['<VirtualHost *:443>', `Listen 127.0.0.1:${port}\n<VirtualHost *:${port}>`],
        ['/etc/ssl/chat.example.org.pem', certificate.certificate],
        ['/etc/ssl/chat.example.org.key', certificate.key],
        ['127.0.0.1:8080', `127.0.0.1:${backend}`],
    ],
    wrap: (text, { folder, modules = [] }) =>
        [
            `ServerRoot ${folder}`,
            'ServerName localhost',
            `DefaultRuntimeDir ${folder}`,
            `PidFile ${folder}/apache.pid`,
            `ErrorLog ${folder}/apache.log`,
            'LogLevel warn',
            `Mutex file:${folder} default`,
            userOf('User www-data\nGroup www-data'),
            ...[...apacheModules, ...modules].map(
                (name) => `LoadModule ${name}_module /usr/lib/apache2/modules/mod_${name}.so`,
            ),
            'StartServers 1\nServerLimit 2\nThreadsPerChild 32\nMaxRequestWorkers 64',
            text,
        ].join('\n'),
    log: 'apache.log',
    start: (file) => ['-f', file, '-D', 'FOREGROUND'],
    reload: ({ child }) => child.kill('SIGUSR1'),
    stopSignal: 'SIGTERM',
};

export const kinds = { nginx, caddy, haproxy, apache };
