package project

import "strings"

// given are the variables that every container has.
var given = map[string]bool{
	"HOME": true, "PATH": true, "HOSTNAME": true, "PWD": true, "USER": true, "SHELL": true, "LANG": true, "TERM": true, "TMPDIR": true, "TZ": true,
	"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": true, "ECS_CONTAINER_METADATA_URI_V4": true, "ECS_CONTAINER_METADATA_URI": true,
	"AWS_EXECUTION_ENV": true,
	// what base images set
	"PYTHON_VERSION": true, "NODE_VERSION": true, "YARN_VERSION": true, "RUBY_VERSION": true, "GOLANG_VERSION": true, "RUST_VERSION": true,
	"PHP_VERSION": true, "PHP_INI_DIR": true, "JAVA_HOME": true, "JAVA_VERSION": true, "GEM_HOME": true, "BUNDLE_APP_CONFIG": true,
	"DOTNET_VERSION": true, "ASPNET_VERSION": true, "DOTNET_RUNNING_IN_CONTAINER": true, "CARGO_HOME": true, "RUSTUP_HOME": true,
	// what a release of Elixir, Cargo and npm set for their own programs
	"RELEASE_NAME": true, "RELEASE_ROOT": true, "RELEASE_VSN": true, "RELEASE_NODE": true, "RELEASE_MODE": true, "RELEASE_TMP": true,
	"OUT_DIR": true, "CARGO_MANIFEST_DIR": true, "CARGO_PKG_VERSION": true, "CARGO_PKG_NAME": true,
}

var (
	hostNames   = lazy(`^(?:(?:PHX|APP|PUBLIC|SITE|SERVER|WEB|EXTERNAL|CANONICAL|ENDPOINT|RAILS|APPLICATION|DJANGO)_(?:HOST|HOSTNAME|DOMAIN)|(?:DJANGO_)?ALLOWED_HOSTS?|DOMAIN|APP_DOMAIN|VIRTUAL_HOST)$`)
	urlNames    = lazy(`^(?:NEXT_PUBLIC_|\w+_(?:APPLICATION|SERVER|APP|WEB)__)?(?:(?:APP|BASE|PUBLIC|SITE|ROOT|NEXTAUTH|AUTH|SERVER|EXTERNAL|WEB|CANONICAL|BETTER_AUTH|DJANGO)_?(?:BASE_?)?(?:URL|ORIGIN)|URL|ORIGIN|CSRF_TRUSTED_ORIGINS)$`)
	portName    = lazy(`^(?:(?:APP|HTTP|SERVER|WEB|API|PHX|LISTEN|SERVICE|BACKEND|NODE|NITRO|ROCKET|UVICORN|GUNICORN|PUMA|RAILS|SPRING|SHOP)_)?(?:HTTP_|SERVER_|LISTEN_)?PORT$`)
	secretNames = lazy(`SECRET|TOKEN|PASSWORD|PASSWD|PASSPHRASE|_PASS$|_PWD$|^PASS$|API_?KEY|_KEY$|^KEY$|_KEYS$|PRIVATE|CREDENTIAL|SALT|DSN$|WEBHOOK|COOKIE|CERT|CONNECTION_?STRING|ConnectionStrings__|(?:DATABASE|DB|POSTGRES\w*|PG|MYSQL|MONGO\w*|REDIS|VALKEY|AMQP|RABBITMQ|CLOUDAMQP|BROKER|CACHE|CELERY\w*|SMTP|MAILER|ELASTICSEARCH|JDBC\w*|DATASOURCE)_(?:\w+_)?UR[IL]$`)
	publicNames = lazy(`PUBLIC_KEY|PUBLISHABLE|KEY_ID$|_KEY_NAME$|KEY_PATH|KEY_FILE|CERT_PATH|CERT_FILE|TOKEN_URL|TOKEN_TTL|TOKEN_EXPIR|EXPIRES|^NEXT_PUBLIC_|^VITE_|^PUBLIC_`)
	databases   = lazy(`^(?:\w+_)?(?:DATABASE|DB|POSTGRES|POSTGRESQL|PG|MYSQL|MARIADB)_(?:URL|URI|DSN)$|^(?:DATABASE|POSTGRES|PG)_?(?:URL|URI|DSN)$|^JDBC_DATABASE_URL$|^SPRING_DATASOURCE_URL$|^DATABASE_URL\w*$|^(?:DATABASE|DB)_CONNECTION_STRING$|^ConnectionStrings__(?:Default|DefaultConnection|Database|Db|Postgres|Npgsql|SqlServer|\w*Context|\w*Db)$`)
	caches      = lazy(`^(?:\w+_)?(?:REDIS|VALKEY)_(?:\w+_)?UR[IL]$|^(?:CACHE|KV|SIDEKIQ_REDIS|CELERY_BROKER)_UR[IL]$|^SPRING_DATA_REDIS_URL$`)
	vendors     = lazy(`^(?:STRIPE|AWS|PAYPAL|TWILIO|SENTRY|RECAPTCHA|TURNSTILE|HCAPTCHA|CLERK|S3|R2|MINIO|GITHUB|GITLAB|GOOGLE|OPENAI|ANTHROPIC|SENDGRID|MAILGUN|POSTMARK|SLACK|DISCORD|TELEGRAM|FACEBOOK|TWITTER|APPLE|AZURE|GCP|CLOUDINARY|ALGOLIA|PUSHER|SUPABASE|AUTH0|OKTA|SHOPIFY|SQUARE|BRAINTREE|ADYEN|PLAID|MOLLIE|RAZORPAY|SPACES|BACKBLAZE|OAUTH|OIDC|LDAP|SAML)_|CLIENT_SECRET|WEBHOOK|ACCESS_KEY|API_SECRET|BOT_TOKEN`)
	randomNames = lazy(`^(?:\w+_)?(?:SECRET_KEY_BASE|RELEASE_COOKIE|ERLANG_COOKIE|APP_KEY|APP_KEYS|APP_SECRET|NEXTAUTH_SECRET|AUTH_SECRET|SESSION_(?:SECRET|KEY|PASSWORD)|COOKIE_(?:SECRET|KEY|PASSWORD)|SIGNING_(?:SALT|SECRET|KEY)|ENCRYPTION_(?:SALT|KEY|SECRET)|CSRF_(?:SECRET|KEY)|JWT_(?:\w+_)?(?:SECRET|KEY)(?:_KEY)?|JWT_SECRET\w*|(?:\w+_)?SALT|TOKEN_SECRET|HASH_SECRET|CIPHER_KEY|(?:DJANGO|FLASK|GUARDIAN|APP|TOKEN)_SECRET(?:_KEY)?|PASSWORD_PEPPER)$|^(?:SECRET|SECRET_KEY|SESSION_SECRET)$`)
	randomLine  = lazy(`^\s*(?:SECRET_KEY|secret_key_base:?|config\.secret_key_base|app\.secret_key|signing_salt:|salt:|SECRET|app\.config\[.SECRET_KEY.\])\s*[:=]?`)
)

// builtIn matches variables whose values become part of what browsers get while the image is built.
var builtIn = lazy(`^(?:NEXT_PUBLIC|VITE|REACT_APP)_`)

// hostLine matches lines that take the host name of the links that the endpoint of Phoenix makes.
var hostLine = lazy(`\burl:\s*\[[^\]\n]*\bhost:\s*System\.\w+!?\(|^\s*(?:phx_)?host\s*=\s*System\.\w+!?\(`)

// endpointHost says whether a variable holds the host name of the app's own links: a line that reads it, here or elsewhere
// in the file, gives it to the endpoint.
func (l *look) endpointHost(x read) bool {
	text, _ := l.t.code(x.file)
	for line := range strings.Lines(text) {
		if strings.Contains(line, `"`+x.name+`"`) && hostLine().MatchString(line) {
			return true
		}
	}
	return false
}

// ownKey matches lines that read a private key, for which no random text will do.
var ownKey = lazy(`(?i)\b(?:private_?key|rsa|ecdsa|ed25519|pem|x509)\b`)

// databasePart are the names of a part of a database's address, as databaseParts has them.
var databasePart = lazy(`^(?:(?:\w+_)?(?:DB|DATABASE|POSTGRES|POSTGRESQL|MYSQL|MARIADB|RDS)_|PG|SPRING_DATASOURCE_)(HOST|HOSTNAME|PORT|NAME|DB|DATABASE|USER|USERNAME|PASSWORD|PASS|PASSWD|PWD)$`)

var databaseParts = map[string]string{
	"HOST": "host", "HOSTNAME": "host", "PORT": "port", "NAME": "name", "DB": "name", "DATABASE": "name",
	"USER": "user", "USERNAME": "user", "PASSWORD": "password", "PASS": "password", "PASSWD": "password", "PWD": "password",
}

// classify says where the value of a variable comes from, by its name, the line that reads it and the stack.
func classify(name, line, stack string) *Variable {
	v := &Variable{Name: name, Kind: Setting}
	if _, ok := platformValue(name); ok {
		v.Kind = Platform
		return v
	}
	v.Database, v.Cache = databases().MatchString(name), caches().MatchString(name)
	if !v.Database {
		v.Part = partOf(name)
	}
	switch {
	case v.Database, v.Cache:
		v.Kind = Secret
	case publicNames().MatchString(name):
	case ownKey().MatchString(line) || strings.HasSuffix(name, "PRIVATE_KEY"):
		v.Kind = Secret
	case (randomNames().MatchString(name) || randomLine().MatchString(line)) && !vendors().MatchString(name):
		v.Kind, v.Random = Generated, randomFor(name, stack)
	case secretNames().MatchString(name):
		v.Kind = Secret
	}
	return v
}

// randomFor is the form that a framework expects of a generated secret.
func randomFor(name, stack string) *Random {
	switch {
	case name == "APP_KEY" && (stack == "laravel" || stack == "php"):
		return &Random{Prefix: "base64:", Length: 43, Alphabet: base64Digits, Suffix: "="} // 32 bytes
	case name == "SECRET_KEY_BASE" && (stack == "rails" || stack == "ruby"):
		return &Random{Length: 128, Alphabet: hexadecimal}
	case name == "APP_SECRET" && stack == "php":
		return &Random{Length: 32, Alphabet: hexadecimal}
	case name == "APP_KEY" || strings.HasSuffix(name, "ENCRYPTION_KEY") || strings.HasSuffix(name, "CIPHER_KEY"):
		return &Random{Length: 32, Alphabet: alphanumeric}
	default:
		return &Random{Length: 64, Alphabet: alphanumeric}
	}
}

// platformValue is what berth sets a variable to, "${port}" for the app's port.
func platformValue(name string) (string, bool) {
	switch {
	case hostNames().MatchString(name):
		return "${host}", true
	case urlNames().MatchString(name):
		return "https://${host}", true
	case portName().MatchString(name):
		return "${port}", true
	}
	value, ok := map[string]string{
		"AWS_REGION": "${region}", "AWS_DEFAULT_REGION": "${region}", "PHX_SERVER": "true", "NODE_ENV": "production",
		"RAILS_ENV": "production", "RAILS_LOG_TO_STDOUT": "true", "RAILS_SERVE_STATIC_FILES": "true", "RACK_ENV": "production", "APP_ENV": "production", "ASPNETCORE_ENVIRONMENT": "Production",
	}[name]
	return value, ok
}
