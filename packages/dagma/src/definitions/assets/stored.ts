/** Types that JSON preserves. */
type PlainJson = string | number | boolean | null | readonly PlainJson[] | { readonly [member: string]: PlainJson }

// biome-ignore lint/suspicious/noConfusingVoidType: what a function without `return` gives
type Nothing = undefined | void

/**
 * The type of a value that is stored as JSON, as all of Dagma's IO managers do, once it is loaded: a Date becomes text, a value with a `toJSON`
 * as what that returns, `undefined` as null, and a member that may be undefined is one that may be absent. An asset that returns what JSON cannot
 * hold does not compile.
 */
export type Stored<T> = unknown extends T ? T : T extends Nothing ? null : StoredItem<T>

type StoredItem<T> = unknown extends T
  ? T
  : T extends PlainJson
    ? T
    : T extends Unstorable | undefined
      ? never
      : T extends { toJSON(...key: never): infer Json }
        ? Stored<Json>
        : T extends readonly unknown[]
          ? StoredList<T>
          : StoredMembers<T>

/** A list that is not a tuple is written as one: its item's type is then evaluated lazily, and may hold the list's own. */
type StoredList<T extends readonly unknown[]> = number extends T['length']
  ? T extends unknown[]
    ? StoredItem<T[number]>[]
    : readonly StoredItem<T[number]>[]
  : { [Index in keyof T]: StoredItem<T[Index]> }

type StoredMembers<T> = [MaybeUndefined<T>] extends [never]
  ? { [Name in keyof T as Exclude<Name, symbol>]: StoredItem<T[Name]> }
  : { [Name in keyof T as Exclude<Name, symbol | MaybeUndefined<T>>]: StoredItem<T[Name]> } & {
        [Name in keyof T as Extract<Name, MaybeUndefined<T>>]?: StoredItem<Exclude<T[Name], undefined>>
      } extends infer Both // one type without a name, which a project that is compiled with declarations could not write
    ? { [Name in keyof Both]: Both[Name] }
    : never

/** Names of the members that are there and may be undefined. */
type MaybeUndefined<T> = {
  [Name in keyof T]-?: unknown extends T[Name] ? never : undefined extends T[Name] ? (Name extends symbol ? never : Name) : never
}[keyof T]

/** Types that JSON cannot represent. The first match supplies the name. */
type Unstorable =
  | bigint
  | symbol
  | ((...args: never) => unknown)
  | (abstract new (
      ...args: never
    ) => unknown)
  | ReadonlyMap<unknown, unknown>
  | ReadonlySet<unknown>
  | PromiseLike<unknown>
  | ArrayBufferView
  | ArrayBufferLike
  | RegExp

/**
 * The problem of a value that is to be stored as JSON, as a sentence; never if there is none. The sentence replaces the value's type,
 * so the compiler's message ends with it.
 */
export type StorageProblem<T> = unknown extends T
  ? never
  : [T] extends [PlainJson | Nothing]
    ? never
    : [T] extends [Storable<T>]
      ? never
      : Problem<T, '', []>

/** `T`, with `never` in the place of whatever cannot be stored. Types that hold themselves are compared without end in sight, so it names no places. */
type Storable<T> = unknown extends T
  ? T
  : T extends PlainJson | Nothing
    ? T
    : T extends Unstorable
      ? never
      : T extends { toJSON(...key: never): infer Json }
        ? [Json] extends [Storable<Json>]
          ? T
          : never
        : T extends readonly unknown[]
          ? StorableList<T>
          : IsError<T> extends true
            ? never
            : T extends Iterable<unknown>
              ? never
              : { readonly [Name in keyof T as Exclude<Name, symbol>]: Storable<T[Name]> }

type StorableList<T extends readonly unknown[]> = undefined extends T[number]
  ? unknown extends T[number]
    ? T
    : never
  : readonly Storable<T[number]>[]

/** Data with a name and a message is not taken for an error. */
type IsError<T> = T extends Error ? ('stack' extends keyof T ? true : false) : false

/** The sentence for each thing in `T` that cannot be stored, looked for down to the depth at which a reader gives up too. */
type Problem<T, At extends string, Depth extends 0[]> = unknown extends T
  ? never
  : T extends PlainJson | Nothing
    ? never
    : T extends bigint
      ? Sentence<'a bigint', At>
      : T extends symbol
        ? Sentence<'a symbol', At>
        : T extends ReadonlyMap<unknown, unknown>
          ? Sentence<'a Map', At>
          : T extends ReadonlySet<unknown>
            ? Sentence<'a Set', At>
            : T extends PromiseLike<unknown>
              ? Sentence<'a Promise (is an await missing?)', At>
              : T extends ArrayBufferView | ArrayBufferLike
                ? Sentence<'binary data', At>
                : T extends RegExp
                  ? Sentence<'a RegExp', At>
                  : T extends Unstorable
                    ? Sentence<'a function', At>
                    : T extends { toJSON(...key: never): infer Json }
                      ? Problem<Json, At, [...Depth, 0]>
                      : T extends readonly (infer Item)[]
                        ? undefined extends Item
                          ? Sentence<'undefined', `${At}[]`>
                          : Problem<Item, `${At}[]`, [...Depth, 0]>
                        : IsError<T> extends true
                          ? Sentence<'an Error', At>
                          : T extends Iterable<unknown>
                            ? Sentence<'an iterable that is not a list', At>
                            : MemberProblem<T, At, Depth>

type MemberProblem<T, At extends string, Depth extends 0[]> = Depth['length'] extends 4
  ? Sentence<'something else than plain data', At>
  : {
      [Name in keyof T & string]-?: [T[Name]] extends [Storable<T[Name]> | undefined]
        ? never
        : Problem<T[Name], At extends '' ? Name : `${At}.${Name}`, [...Depth, 0]>
    }[keyof T & string]

type Sentence<What extends string, At extends string> = At extends ''
  ? `The value cannot be stored as JSON: it is ${What}. Return plain data, or name an IO manager that keeps it, by typedIOManager().`
  : `The value cannot be stored as JSON: it has ${What} at "${At}". Return plain data, or name an IO manager that keeps it, by typedIOManager().`
