// What the images of these tests are made of: the demo image lacks a firewall, a clock, NetworkManager.
export const IMAGE_PACKAGES = ['systemd', 'passwd', 'chrony', 'firewalld', 'network-manager', 'sudo', 'tzdata']
