package sim

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
)

// sealed is a secret that an account keeps. In the state file it is encrypted, as it is in AWS: whoever searches files for
// a secret, or sends one in with a report, finds and gives away nothing. It is no protection against somebody who reads
// this program, which has the key.
type sealed string

// MarshalJSON encrypts. The same text gives the same bytes, so that an unchanged state gives the same file.
func (s sealed) MarshalJSON() ([]byte, error) {
	if s == "" {
		return []byte(`""`), nil
	}
	box, err := sealing()
	if err != nil {
		return nil, err
	}
	nonce := sha256.Sum256([]byte("nonce of " + string(s)))
	return json.Marshal(box.Seal(nonce[:box.NonceSize():box.NonceSize()], nonce[:box.NonceSize()], []byte(s), nil))
}

// UnmarshalJSON decrypts.
func (s *sealed) UnmarshalJSON(b []byte) error {
	var data []byte
	if err := json.Unmarshal(b, &data); err != nil {
		return err
	}
	*s = ""
	if len(data) == 0 {
		return nil
	}
	box, err := sealing()
	if err != nil {
		return err
	}
	if len(data) < box.NonceSize() {
		return errors.New("a sealed secret is too short")
	}
	text, err := box.Open(nil, data[:box.NonceSize()], data[box.NonceSize():], nil)
	if err != nil {
		return fmt.Errorf("open a sealed secret: %w", err)
	}
	*s = sealed(text)
	return nil
}

func sealing() (cipher.AEAD, error) {
	key := sha256.Sum256([]byte("the key of the simulated account"))
	block, err := aes.NewCipher(key[:])
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}
