package spec

import "strings"

// The platforms that Fargate runs.
const (
	AMD64 = "linux/amd64"
	ARM64 = "linux/arm64"
)

// InCloud is the builder that is none of this machine's: a CodeBuild project of the app's own.
const InCloud = "codebuild"

// Arch is the processor architecture of a platform as Go, Docker and image manifests call it: amd64, arm64.
func Arch(platform string) string {
	_, arch, _ := strings.Cut(platform, "/")
	arch, _, _ = strings.Cut(arch, "/")
	return arch
}

// RuntimeArch is the architecture as an ECS runtime platform calls it: X86_64 or ARM64, "" for others.
func RuntimeArch(platform string) string {
	switch Arch(platform) {
	case "amd64":
		return "X86_64"
	case "arm64":
		return "ARM64"
	default:
		return ""
	}
}

// PlatformOf is the platform for an architecture by any of its names: amd64, x86_64, x86, arm64, aarch64,
// arm; "" for others.
func PlatformOf(arch string) string {
	switch strings.ToLower(arch) {
	case "amd64", "x86_64", "x86-64", "x86", "x64":
		return AMD64
	case "arm64", "aarch64", "arm", "arm64/v8":
		return ARM64
	default:
		return ""
	}
}
