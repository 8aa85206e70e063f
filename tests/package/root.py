# SPDX-License-Identifier: Apache-2.0
"""A fresh root directory with a Debian of its own: the essential packages, and what the package under test depends on,
out of the files that dpkg lists on this machine. That takes seconds where a bootstrap takes minutes and a network, and
what a package forgot to depend on is missing in it all the same."""
import os
import re
import subprocess
import tempfile

STATUS = '/var/lib/dpkg/status'
INFO = '/var/lib/dpkg/info'
LEFT_OUT = ('/usr/share/doc/', '/usr/share/man/', '/usr/share/locale/', '/usr/share/info/', '/usr/share/zoneinfo/')
LINKS = ('bin', 'sbin', 'lib', 'lib32', 'lib64', 'libx32')
FOLDERS = ('dev', 'proc', 'run', 'tmp', 'etc', 'root', 'var/lib/dpkg/info', 'var/lib/dpkg/updates', 'var/log',
           'var/tmp', 'var/lib/dpkg/alternatives', 'var/lib/dpkg/triggers')


def run(*command, seconds_max=120):
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=seconds_max).stdout


def read_status():
    """By name: the stanza of each package that is installed, and what it provides."""
    stanzas = {}
    with open(STATUS, encoding='utf-8') as file:
        for stanza in file.read().split('\n\n'):
            fields = dict(re.findall(r'^([A-Za-z-]+): *(.*)$', stanza, re.MULTILINE))
            if fields.get('Status') == 'install ok installed':
                stanzas.setdefault(fields['Package'], (stanza, fields))
    return stanzas


def names_of(relation):
    """`a (>= 1) | b, c`: [[a, b], [c]]."""
    return [[re.split(r'[ (:]', choice.strip())[0] for choice in group.split('|')]
            for group in relation.split(',') if group.strip()]


def closure(stanzas, wanted):
    """The packages that these need, by the first choice that is here; ValueError: one is not."""
    providers = {}
    for name, (_, fields) in stanzas.items():
        for group in names_of(fields.get('Provides', '')):
            providers.setdefault(group[0], name)
    chosen, todo = set(), list(wanted)
    while todo:
        choices = todo.pop()
        name = next((providers.get(choice, choice) if choice not in stanzas else choice for choice in choices
                     if choice in stanzas or choice in providers), None)
        if name is None:
            raise ValueError(f'{" | ".join(choices)} is not installed on this machine')
        if name not in chosen:
            chosen.add(name)
            fields = stanzas[name][1]
            todo += names_of(fields.get('Depends', '')) + names_of(fields.get('Pre-Depends', ''))
    return sorted(chosen)


class Root:
    """Its folder goes away with close(). For root only, and in a namespace of mounts: it is entered
    with chroot, and has a /proc."""

    def __init__(self, relations):
        self.folder = tempfile.TemporaryDirectory(prefix='natter-root-')
        self.path = self.folder.name
        os.chmod(self.path, 0o755)
        stanzas = read_status()
        essential = [[name] for name, (_, fields) in stanzas.items() if fields.get('Essential') == 'yes']
        self.packages = closure(stanzas, essential + names_of(relations))
        self.make_folders()
        self.copy_files()
        self.write_database(stanzas)
        run('mount', '-t', 'proc', 'proc', self.at('proc'))
        run('chroot', self.path, 'ldconfig')

    def at(self, path):
        return os.path.join(self.path, path.lstrip('/'))

    def make_folders(self):
        for name in LINKS:
            if os.path.islink(f'/{name}'):
                os.makedirs(self.at(f'usr/{name}'), exist_ok=True)
                os.symlink(f'usr/{name}', self.at(name))
        for name in FOLDERS:
            os.makedirs(self.at(name), exist_ok=True)
        os.chmod(self.at('tmp'), 0o1777)
        os.mknod(self.at('dev/null'), 0o20666, os.makedev(1, 3))
        os.chmod(self.at('dev/null'), 0o666)

    def copy_files(self):
        listed = run('dpkg-query', '-L', *self.packages).split('\n')
        files = {path for path in listed if path.startswith('/') and not path.startswith(LEFT_OUT)}
        folders = {path for path in files if os.path.isdir(path) and not os.path.islink(path)}
        for path in sorted(folders):
            os.makedirs(self.at(path), exist_ok=True)
        rest = sorted(path for path in files - folders if os.path.lexists(path))
        rest += [f'/etc/alternatives/{name}' for name in os.listdir('/etc/alternatives')]
        with subprocess.Popen(['tar', '-C', '/', '--no-recursion', '--null', '-T', '-', '-cf', '-'],
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE) as packer:
            unpacker = subprocess.Popen(['tar', '-C', self.path, '-xf', '-'], stdin=packer.stdout)
            packer.stdin.write('\0'.join(path.lstrip('/') for path in rest).encode())
            packer.stdin.close()
            if unpacker.wait(120) != 0:
                raise OSError('the files could not be copied')
        for name in ('passwd', 'group'):
            run('cp', f'/usr/share/base-passwd/{name}.master', self.at(f'etc/{name}'))

    def write_database(self, stanzas):
        with open(self.at(STATUS), 'w', encoding='utf-8') as file:
            file.write('\n\n'.join(stanzas[name][0] for name in self.packages) + '\n\n')
        for name in os.listdir(INFO):
            if name.rpartition('.')[0].partition(':')[0] in self.packages:
                run('cp', '-p', os.path.join(INFO, name), self.at(INFO))
        for name in ('available', 'diversions', 'statoverride'):
            with open(self.at(f'/var/lib/dpkg/{name}'), 'w', encoding='utf-8'):
                pass

    def run(self, *command):
        """What a command says in there, and its exit status."""
        environment = {'PATH': '/usr/sbin:/usr/bin:/sbin:/bin', 'DEBIAN_FRONTEND': 'noninteractive',
                       'LC_ALL': 'C.UTF-8'}
        found = subprocess.run(['chroot', self.path, *command], env=environment, capture_output=True, text=True,
                               check=False, timeout=120)
        return found.returncode, found.stdout + found.stderr

    def close(self):
        subprocess.run(['umount', self.at('proc')], check=False, timeout=60)
        self.folder.cleanup()
