// How each proxy is started from the configuration that the documentation shows: what is
// put in the place of its example addresses, what stands around it, and the command.
import { join } from 'node:path';

const NGINX = (dir) => `
daemon off;
pid ${dir}/nginx.pid;
error_log stderr notice;
worker_processes 1;
events { worker_connections 1024; }
http {
    access_log off;
    client_body_temp_path ${dir}/body;
    proxy_temp_path ${dir}/proxy;
    fastcgi_temp_path ${dir}/fastcgi;
    uwsgi_temp_path ${dir}/uwsgi;
    scgi_temp_path ${dir}/scgi;
    include ${dir}/shown.conf;
}
`;

const CADDY = (dir, address) => `
{
	admin off
	auto_https off
	storage file_system ${dir}/storage
	default_bind ${address.split(':')[0]}
}
import ${dir}/shown.conf
`;

const HAPROXY = () => `
global
    maxconn 2000
    log stderr format raw local0 notice
`;

export const KINDS = {
  nginx: {
    shown: 'nginx.conf',
    replace: ({ address, certificate, key }) => ({
      'listen 443 ssl': `listen ${address} ssl`,
      '/etc/ssl/mcp.example.com.crt': certificate,
      '/etc/ssl/mcp.example.com.key': key
    }),
    around: NGINX,
    command: (dir) => ['nginx', '-p', dir, '-e', 'stderr', '-c', join(dir, 'around.conf')]
  },
  caddy: {
    shown: 'Caddyfile',
    replace: ({ address, certificate, key }) => ({
      '\nmcp.example.com {': `\nhttps://mcp.example.com:${address.split(':')[1]} {`,
      '/etc/ssl/mcp.example.com.crt': certificate,
      '/etc/ssl/mcp.example.com.key': key
    }),
    around: CADDY,
    command: (dir) => ['caddy', 'run', '--adapter', 'caddyfile', '--config', join(dir, 'around.conf')]
  },
  haproxy: {
    shown: 'haproxy.cfg',
    replace: ({ address, both }) => ({
      'bind :443': `bind ${address}`,
      '/etc/ssl/mcp.example.com.pem': both
    }),
    around: HAPROXY,
    command: (dir) => ['haproxy', '-db', '-f', join(dir, 'around.conf'), '-f', join(dir, 'shown.conf')]
  }
};
