//! Collections that were begun: what must survive a crash between request and answer.
//!
//! A service recognises a repeated request by its device keys, and gives the same batch. A wallet that lost the keys could
//! not ask again, and the offer is used up: so they are written before the request is sent.
//!
//! ```text
//! DIR/.unfinished-5f1c09ab…/   named after the link that the offer came in
//!   collection.json            issuer, configuration, access token
//!   dpop.key.pem               the key that the token is bound to
//!   00.key.pem                 the first device key, and so on
//! ```

use std::fmt;
use std::fs;
use std::path::PathBuf;

use mdl_crypto::{HashAlgorithm, PrivateKey};
use mdl_signer::key_file::{self, Passphrase};
use rand_core::CryptoRng;
use serde_json::json;
use zeroize::Zeroizing;

use crate::collection::Batch;
use crate::folder::{
    FolderError, Unfinished, WalletFolder, create_private_folder, failed, key_name, read_object,
    write_private,
};
use crate::json_member::{MemberError, text};

const COLLECTION_FILE: &str = "collection.json";
const DPOP_KEY_FILE: &str = "dpop.key.pem";
const PREFIX: &str = ".unfinished-";

/// A collection whose offer was traded for a token: all that the credential request needs. `Debug` prints no secret.
pub struct UnfinishedCollection {
    /// The Credential Issuer Identifier.
    pub credential_issuer: String,
    /// The configuration.
    pub configuration_id: String,
    pub(crate) access_token: Zeroizing<String>,
    pub(crate) dpop_key: Option<PrivateKey>,
    pub(crate) device_keys: Vec<PrivateKey>,
}

impl fmt::Debug for UnfinishedCollection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UnfinishedCollection")
            .field("credential_issuer", &self.credential_issuer)
            .field("configuration_id", &self.configuration_id)
            .field("device_keys", &self.device_keys.len())
            .finish_non_exhaustive()
    }
}

impl WalletFolder {
    /// Keeps a collection before its request is sent, under the `link` that its offer came in; keys are encrypted under
    /// `passphrase` if there is one.
    ///
    /// # Errors
    /// [`FolderError::Io`], [`FolderError::Key`]; nothing is left behind then.
    pub fn begin<R: CryptoRng + ?Sized>(
        &self,
        link: &str,
        begun: &UnfinishedCollection,
        passphrase: Option<&Passphrase>,
        rng: &mut R,
    ) -> Result<(), FolderError> {
        create_private_folder(self.path())?;
        let path = self.unfinished_path(link);
        let making = Unfinished::in_the_making(&path);
        create_private_folder(making.path())?;
        let mut write_key = |name: &str, key: &PrivateKey| {
            let file = making.path().join(name);
            match passphrase {
                Some(passphrase) => key_file::create(&file, key, passphrase, rng),
                None => key_file::create_unencrypted(&file, key, rng),
            }
        };
        if let Some(key) = &begun.dpop_key {
            write_key(DPOP_KEY_FILE, key)?;
        }
        for (index, key) in begun.device_keys.iter().enumerate() {
            write_key(&key_name(index), key)?;
        }
        let description = json!({
            "credential_issuer": begun.credential_issuer,
            "configuration_id": begun.configuration_id,
            "access_token": begun.access_token.as_str(),
            "dpop": begun.dpop_key.is_some(),
            "device_keys": begun.device_keys.len(),
        });
        let description = Zeroizing::new(description.to_string());
        write_private(&making.path().join(COLLECTION_FILE), description.as_bytes())?;
        fs::rename(making.path(), &path).map_err(failed(&path))
    }

    /// The collection that was begun with this link and not finished.
    ///
    /// # Errors
    /// [`FolderError::Io`], [`FolderError::Description`], [`FolderError::Member`], [`FolderError::Key`].
    pub fn unfinished(
        &self,
        link: &str,
        passphrase: Option<&Passphrase>,
    ) -> Result<Option<UnfinishedCollection>, FolderError> {
        let folder = self.unfinished_path(link);
        let path = folder.join(COLLECTION_FILE);
        if !path.is_file() {
            return Ok(None);
        }
        let description = read_object(&path)?;
        let member = |source| FolderError::Member {
            path: path.clone(),
            source,
        };
        let member_text = |name| text(&description, name).map_err(member);
        let count = description
            .get("device_keys")
            .and_then(|count| count.as_u64());
        let count = count.ok_or_else(|| member(MemberError::Unusable("device_keys")))?;
        let key = |name: &str| key_file::load(&folder.join(name), passphrase);
        let has_dpop = description.get("dpop").and_then(|dpop| dpop.as_bool());
        let dpop_key = has_dpop.unwrap_or(false).then(|| key(DPOP_KEY_FILE));
        // The files are there or not: a count that was tampered with ends at the first that is missing.
        let device_keys =
            (0..usize::try_from(count).unwrap_or(usize::MAX)).map(|index| key(&key_name(index)));
        Ok(Some(UnfinishedCollection {
            credential_issuer: member_text("credential_issuer")?.to_owned(),
            configuration_id: member_text("configuration_id")?.to_owned(),
            access_token: Zeroizing::new(member_text("access_token")?.to_owned()),
            dpop_key: dpop_key.transpose()?,
            device_keys: device_keys.collect::<Result<_, _>>()?,
        }))
    }

    /// Turns a collection that was begun with this link into the batch that came of it, and returns the batch's name.
    ///
    /// # Errors
    /// [`FolderError::Empty`], [`FolderError::Io`]; the collection stays unfinished then, and may be finished again.
    pub fn finish<R: CryptoRng + ?Sized>(
        &self,
        link: &str,
        batch: &Batch,
        rng: &mut R,
    ) -> Result<String, FolderError> {
        let folder = self.unfinished_path(link);
        let name = self.write_batch(&folder, batch, rng)?;
        let path = self.path().join(&name);
        fs::rename(&folder, &path).map_err(failed(&path))?;
        // From here on it is a batch, whose keys nobody needs to ask with.
        for file in [COLLECTION_FILE, DPOP_KEY_FILE] {
            let file = path.join(file);
            if file.exists() {
                fs::remove_file(&file).map_err(failed(&file))?;
            }
        }
        Ok(name)
    }

    /// Gives a collection up that nothing can come of any more.
    ///
    /// # Errors
    /// [`FolderError::Io`].
    pub fn abandon(&self, link: &str) -> Result<(), FolderError> {
        let folder = self.unfinished_path(link);
        fs::remove_dir_all(&folder).map_err(failed(&folder))
    }

    /// How many collections were begun and not finished.
    ///
    /// # Errors
    /// [`FolderError::Io`].
    pub fn unfinished_count(&self) -> Result<usize, FolderError> {
        let names = self.names()?;
        let is_unfinished = |name: &&String| {
            name.starts_with(PREFIX) && self.path().join(name).join(COLLECTION_FILE).is_file()
        };
        Ok(names.iter().filter(is_unfinished).count())
    }

    /// A link holds the code of its offer, so its name is a hash.
    fn unfinished_path(&self, link: &str) -> PathBuf {
        let hash = HashAlgorithm::Sha256.digest(link.trim().as_bytes());
        self.path()
            .join(format!("{PREFIX}{}", hex::encode(&hash.as_ref()[..16])))
    }
}
